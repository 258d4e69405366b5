// Size-on-MDS, the server's side (facts: semantics 4.2, 4.4): IO epochs, who holds them, and the
// size of a file as it was read when its last epoch ended. Absent while the profile is off.
//
// An epoch opens with the first holder of a file and ends with the last one; as long as it is open
// nobody is told a size. A holder is an open for writing, an open whose data is still on its way
// ("epoch"), a truncate, or a close that was asked to update the attributes ("update"; it does not
// count as a holder). Holders and epochs are volatile; sizes are durable: key "som/" and the inode.
//
// It does not model: cookies of size-change records, several MDTs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "reference/config.h"
#include "reference/store.h"

namespace reference {

// What is kept of a file.
struct SomCache {
  uint64_t epoch = 0;
  uint64_t size = 0;
  uint64_t blocks = 0;
  uint64_t mount = 0;  // of the MDS when it was written
  bool operator==(const SomCache&) const = default;
  void state(auto&& visit) const { visit(epoch, size, blocks, mount); }
};

// The end of an epoch for one holder, as CLOSE or DONE_WRITING tell it.
struct SomClosing {
  bool epoch_close = false;
  bool change = false;
  std::optional<SomCache> attributes;  // size and blocks, of a client that knows them under locks
  bool replay = false;
  bool update_asked = false;  // a replay: it was answered with EAGAIN before
  bool has_objects = true;    // the file has a layout and a name
};

enum class SomVerdict : uint8_t { done, update, update_under_lock };

class Som {
 public:
  enum class Holding : uint8_t { write, epoch, truncate, update };
  struct Holder {
    uint64_t handle = 0;
    uint64_t old_handle = 0;  // of before a restart, of a replayed one
    uint64_t inode = 0;
    uint64_t export_id = 0;
    uint64_t xid = 0;  // of the request that opened
    uint64_t epoch = 0;
    Holding holding = Holding::write;
    bool tainted = false;    // an update that was asked for before sizes were withheld
    bool times_set = false;  // by somebody, since the update was asked for
    bool operator==(const Holder&) const = default;
    void state(auto&& visit) const {
      visit(handle, old_handle, inode, export_id, xid, epoch, holding, tainted, times_set);
    }
  };

  Som(const Config& config, const Store& store);
  void mounted(uint64_t mount) { mount_ = mount; }

  // --- holders ---

  // The epoch; `saved`: of a replay, or 0. The holder's own epoch is filled in.
  uint64_t open(Holder holder, uint64_t saved, bool created);
  // By the present handle or, in a replay, the one of before.
  const Holder* find(uint64_t export_id, uint64_t handle, bool replay) const;
  const Holder* find_by_xid(uint64_t export_id, uint64_t xid) const;
  std::vector<Holder> of_export(uint64_t export_id) const;
  std::vector<Holder> holders() const { return holders_; }
  // Whether an open would begin an epoch.
  bool quiet(uint64_t inode) const { return count(inode) == 0; }
  uint64_t epoch(uint64_t inode) const;

  SomVerdict close(uint64_t handle, const SomClosing& closing);
  // The attributes that were asked for; none: they could not be read.
  void update(uint64_t handle, uint64_t epoch, const std::optional<SomCache>& told, bool replay);
  // The times that updates bring along are older.
  void times_set(uint64_t inode);
  // Its client is gone.
  void evict(uint64_t handle);
  // Another takes its place in this step: a replay that was interrupted.
  void drop(uint64_t handle) { erase(handle); }

  // --- sizes ---

  // OSTs have yet to be told of something: until then no size is told, nor kept. True if that is
  // news.
  bool withhold(bool on);
  // What would be told now; none while an epoch is open.
  const SomCache* told(uint64_t inode) const;
  const SomCache* kept(uint64_t inode) const;  // whatever it is worth
  void clear(uint64_t inode);
  void forget(uint64_t inode);  // the file is gone
  std::vector<uint64_t> kept_inodes() const;

  std::vector<Write> take_writes();
  size_t writes() const { return writes_.size(); }

  void invariants() const;
  void state(auto&& visit) const {
    visit(mount_, last_epoch_, withheld_, holders_, files_, caches_);
  }

 private:
  struct File {  // with an epoch
    uint64_t inode = 0;
    uint64_t epoch = 0;
    bool change = false;   // some holder changed it
    bool recov = false;    // what holders say cannot be trusted
    bool created = false;  // made within this epoch
    void state(auto&& visit) const { visit(inode, epoch, change, recov, created); }
  };
  struct Kept {
    uint64_t inode = 0;
    SomCache cache;
    void state(auto&& visit) const { visit(inode, cache); }
  };
  size_t count(uint64_t inode) const;
  uint64_t next_epoch();
  File* file(uint64_t inode);
  Holder* holder(uint64_t handle);
  void erase(uint64_t handle);
  void end_epoch(uint64_t inode);
  void keep(uint64_t inode, SomCache cache);
  bool valid(uint64_t inode) const;
  SomVerdict close_last(Holder& holder, File& file, const SomClosing& closing);
  bool planted(Defect defect) const { return defects_.has(defect); }

  SomConfig config_;
  DefectSet defects_;
  uint64_t mount_ = 0;
  uint64_t last_epoch_ = 0;  // starts again with the MDS
  bool withheld_ = false;
  std::vector<Holder> holders_;  // by handle
  std::vector<File> files_;      // by inode
  std::vector<Kept> caches_;     // by inode; durable
  std::vector<Write> writes_;    // empty between steps
};

}  // namespace reference
