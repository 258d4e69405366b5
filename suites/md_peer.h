// A scripted client of the MDS, in the form of its dialect: directories, opens and closes, each
// sent when the script says so, and sent again as a resend or a replay. It stands on a Peer, which
// sends what it is given; what a client has to remember for a replay, the script has in Made and
// Opened.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/bytes.h"
#include "suites/peer.h"

namespace suites {

// A file's identity: 1.8 {inode, generation, 0}, 2.0 {sequence, object, version}.
struct FileId {
  uint64_t sequence = 0;
  uint32_t object = 0;
  uint32_t version = 0;
};

// What a modification was and what came of it: enough to replay it.
struct Made {
  std::string name;
  FileId parent;
  FileId child;
  uint64_t xid = 0;
  int32_t status = 0;
  uint64_t transno = 0;
  std::array<uint64_t, 4> versions = {};  // before it
};

struct Opened : Made {
  uint32_t flags = 0;  // MDS_FMODE_* and MDS_OPEN_*
  uint64_t handle = 0;
  protocol::Bytes md;  // the layout
};

class MdPeer {
 public:
  explicit MdPeer(Conformance& conformance);

  Peer& peer() { return peer_; }
  // The first CONNECT, the directory that is our clients' root, and for 2.0 a sequence of FIDs.
  void connect();
  // CONNECT after a crash of the server or of the connection; nothing is replayed by that.
  Answer reconnect();
  FileId root() const { return root_; }
  // With what the peer has negotiated: handle and conn_cnt are filled in.
  Envelope envelope(uint32_t flags = 0, uint64_t transno = 0) const;

  // MKDIR, and its answer.
  Made mkdir(std::string_view name) { return mkdir(root_, name); }
  Made mkdir(FileId parent, std::string_view name);
  uint64_t send_mkdir(std::string_view name);
  // Sends the same request again, with RESENT or REPLAY and its transno. The xid is the original's.
  uint64_t send_again(const Made& made, uint32_t flags);
  // Removes a file's name in the root.
  Answer unlink(std::string_view name);

  Opened open(std::string_view name, uint32_t flags);
  // By its FID and with its old handle, as a client replays it.
  uint64_t send_replay(const Opened& opened);
  // The handle that a (replayed) open's answer brings.
  uint64_t handle_in(const Answer& answer) const;
  // CLOSE of any handle. As a replay it has a transno, and the xid is the original's.
  Answer close(uint64_t handle) { return peer_.answer_to(send_close(handle, envelope())); }
  uint64_t send_close(uint64_t handle, Envelope envelope);

  // The ping that says that all is replayed.
  uint64_t send_last_ping();

 private:
  FileId next_child();
  uint64_t post_mkdir(const Made& made, bool replay, Envelope envelope);
  uint64_t post_open(const Opened& opened, bool replay, Envelope envelope);
  void take(Made& made, const Answer& answer) const;

  Conformance& conformance_;
  Peer& peer_;
  bool old_;
  uint32_t conn_cnt_ = 1;
  FileId root_;
  uint64_t sequence_ = 0;
  uint32_t objects_ = 0;
};

}  // namespace suites
