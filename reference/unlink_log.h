// Objects that lost their file and are to be destroyed by the client that removed it: a record per
// object, written in the transaction of the unlink, cancelled by the OST (LOG_CANCEL with the
// cookie) once the destroy is committed there. What is left when an OST connects is destroyed by
// the MDS itself. Facts: semantics 2.5, H-DESTROY; rpc-formats "MGS, llog".
//
// Keys: "llog/", the OST's index, the record's index; see store.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "protocol/llog.h"
#include "reference/layout.h"
#include "reference/service.h"
#include "reference/store.h"

namespace reference {

class UnlinkLog {
 public:
  struct Record {
    uint32_t ost = 0;
    uint32_t index = 0;
    uint64_t object_id = 0;
    uint64_t object_seq = 0;
    CommitId commit = 0;     // of the transaction that wrote it; 0: read from the disk
    bool by_server = false;  // no client will destroy the object
    ExportId client = 0;     // the client that will, told by the reply to
    uint64_t xid = 0;        // this request; volatile
    void state(auto&& visit) const {
      visit(ost, index, object_id, object_seq, commit, by_server, client, xid);
    }
  };
  // The client that is told of the objects by the reply to its request; none: the server.
  struct Destroyer {
    ExportId client = 0;
    uint64_t xid = 0;
  };

  explicit UnlinkLog(const Store& store);

  // Records for all objects of the layout. The result is their cookies, in order of stripes.
  Bytes add(const Layout& layout, Destroyer destroyer);
  // The client will not destroy what it was told of; or it was not told.
  void client_gone(ExportId client);
  void reply_lost(ExportId client, uint64_t xid);
  // Those that the server has to destroy itself and that are durable by now; each once.
  std::vector<Record> take_by_server(const Service& service);
  // False if there is no such record (any more).
  bool cancel(const protocol::llog::LlogCookie& cookie);
  // The records of an OST, oldest first.
  std::vector<Record> of_ost(uint32_t ost) const;
  protocol::llog::LlogCookie cookie_of(const Record& record) const;

  std::vector<Write> take_writes();
  bool has_writes() const { return !writes_.empty(); }
  // The records whose writes were taken are in this transaction.
  void written(CommitId commit);
  const std::vector<Record>& all() const { return records_; }
  size_t size() const { return records_.size(); }

  void state(auto&& visit) const { visit(records_, next_index_); }

 private:
  std::vector<Record> records_;  // sorted by OST and index
  uint32_t next_index_ = 1;
  std::vector<Write> writes_;  // empty between steps
};

}  // namespace reference
