// The MGC: reads a configuration log from the MGS over an Import, keeps a lock on the
// configuration, and reads what was added when the lock is called back. Used by Client
// ("<fsname>-client") and Mds ("<fsname>-MDT0000").
// Facts: rpc-formats "MGC flow", stock-clients "Mount order".
//
// Enqueue (PLAIN, CR, on the file system's name); CREATE; READ_HEADER; NEXT_BLOCK until the last
// index. Where the MGS refuses the log, status() says why, and the next connection or callback
// tries again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/llog.h"
#include "reference/config_targets.h"
#include "reference/import.h"

namespace reference {

class ConfigLog {
 public:
  // More blocks are not read in one go: the log is at most 64,768 records.
  static constexpr uint32_t kBlocksMax = 4096;

  ConfigLog(std::string fsname, std::string log_name);

  // Every event of the MGS's import. True when it was about a request of the log.
  bool handle(const ImportContext& context, Import& mgs, const ImportEvent& event);
  // A request on portal 15. True when it was a callback for the log's lock: it was answered.
  bool on_callback(const ImportContext& context, Import& mgs, const RequestIn& in);

  // Read to the end at least once.
  bool complete() const { return complete_; }
  // 0, or why the last attempt to read failed. -ENOENT: there is no such log (yet).
  int32_t status() const { return status_; }
  const std::vector<ConfigTarget>& targets() const { return parsed_.targets(); }
  // How often it was read to the end: whoever remembers a lower number has news to look at.
  uint32_t revision() const { return revision_; }

  void state(auto&& visit) const {
    visit(fsname_, log_name_, stage_, request_, lock_, lock_count_, server_lock_, logid_,
          last_index_, next_index_, saved_index_, offset_, blocks_, parsed_, complete_, again_,
          status_, revision_);
  }

 private:
  enum class Stage : uint8_t { idle, enqueue, wait_grant, create, header, blocks };

  void enqueue(const ImportContext& context, Import& mgs);
  void read_again(const ImportContext& context, Import& mgs);
  void next_block(const ImportContext& context, Import& mgs);
  void on_reply(const ImportContext& context, Import& mgs, const protocol::Message& reply);
  void on_enqueued(const ImportContext& context, Import& mgs, const protocol::Message& reply);
  void on_header(const ImportContext& context, Import& mgs, const protocol::Message& reply);
  void on_block(const ImportContext& context, Import& mgs, const protocol::Message& reply);
  bool take_records(protocol::ByteView data);
  void finish(const ImportContext& context, Import& mgs, int32_t status);
  void drop_lock(const ImportContext& context, Import& mgs);

  std::string fsname_;
  std::string log_name_;
  Stage stage_ = Stage::idle;
  RequestId request_ = 0;
  uint64_t lock_ = 0;        // our handle of the lock, 0 while there is none
  uint64_t lock_count_ = 0;  // locks so far, to derive handles
  uint64_t server_lock_ = 0;
  protocol::llog::LlogLogid logid_;
  uint32_t last_index_ = 0;  // of the log, as its header says
  uint32_t next_index_ = 1;  // the first not taken yet
  uint32_t saved_index_ = 0;
  uint64_t offset_ = 0;
  uint32_t blocks_ = 0;  // read in this go
  ConfigTargets parsed_;
  bool complete_ = false;
  bool again_ = false;  // called back while reading
  int32_t status_ = 0;
  uint32_t revision_ = 0;
};

}  // namespace reference
