// READPAGE: a page of a directory, put to the client before the reply (facts: differences 8).

#include <algorithm>
#include <cerrno>

#include "reference/directory_pages.h"
#include "reference/mds.h"

namespace reference {

namespace {
constexpr uint32_t kBulkPortal = 14;        // the client's, for directory pages
constexpr uint32_t kReadpageMax = 1u << 20;  // bytes in one transfer
}  // namespace

void Mds::on_readpage(Call& call) {
  const auto asked = dialect().readpage(call.message());
  if (!asked) return malformed(call);

  int32_t status = 0;
  const Inode* directory = find_directory(asked->fid, status);
  const bool aligned = !dialect().blocks_by_offset || asked->offset % kDirectoryBlockSize == 0;
  const bool whole = asked->bytes != 0 && asked->bytes % kDirectoryBlockSize == 0;
  if (status == 0 && (!aligned || !whole || asked->bytes > kReadpageMax)) status = -EFAULT;
  if (status != 0) return answer(call, status, dialect().put_body, {});

  const Bytes page = dialect().blocks_by_offset
                         ? directory_blocks(files_, *directory, asked->offset, asked->bytes)
                         : directory_page(files_, *directory, asked->offset, kDirectoryBlockSize,
                                          asked->attributes);
  const uint64_t cookie =
      call.turn.endpoint.bulk_put(call.request.from, kBulkPortal, call.request.xid, page,
                                  call.turn.out);
  if (cookie == 0) return answer(call, -ENOMEM, dialect().put_body, {});
  readpages_.push_back({cookie, call.request, directory->number,
                        call.now() + config_.timing.bulk_timeout});
}

void Mds::on_bulk_done(Turn& turn, const BulkDone& done) {
  const auto place = std::ranges::find(readpages_, done.cookie, &Readpage::cookie);
  if (place == readpages_.end()) return;
  const Readpage readpage = std::move(*place);
  readpages_.erase(place);
  if (done.lost) return service_.abandon(readpage.request);

  Call call{.turn = turn, .request = readpage.request, .holding = {}};
  FileReply reply;
  reply.inode = files_.inode(readpage.directory);
  if (reply.inode == nullptr) return answer(call, -ENOENT, dialect().put_body, {});
  answer(call, 0, dialect().put_body, reply);
}

}  // namespace reference
