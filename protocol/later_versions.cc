#include "protocol/later_versions.h"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace protocol {
namespace {

struct Changed {
  std::string_view lustre;
  uint32_t offset;
  uint32_t length;
};

// Facts: wire-2.0.csv against wire-2.15.csv. Padding that came into use is seen by not being zero.
constexpr Changed kChanged[] = {
    {"mdt_body", 88, 16},                                  // ioepoch, ino: version, t_state
    {"mdt_body", 140, 4},                                  // generation: layout_gen
    {"mdt_body", 160, 4},                                  // max_cookiesize: unused
    {"mdt_ioepoch", 8, 12},                                // ioepoch, flags: unused
    {"mdt_rec_create", 88, 8},                             // rdev: its lower half also archive_id
    {"obd_connect_data", 32, 8},                           // nllu, nllg: grant parameters
    {"obd_ioobj", 16, 4},                                  // type: max_brw
    {"obd_statfs", 108, 8},                                // spares: fprecreated, granted
    {"obdo", 136, 32},                                     // lcookie: layout
    {"lov_mds_md_v1", 28, 4},                              // stripe count: half of it, layout_gen
    {"lov_mds_md_v3", 28, 4},    {"lu_seq_range", 16, 8},  // mdt, padding: index, flags
};

}  // namespace

bool changed_later(const StructInfo& info, const FieldInfo& field) {
  return std::ranges::any_of(kChanged, [&](const Changed& entry) {
    return entry.lustre == info.lustre && field.offset < entry.offset + entry.length &&
           entry.offset < field.offset + field.size;
  });
}

}  // namespace protocol
