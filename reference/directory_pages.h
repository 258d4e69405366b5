// What READPAGE sends: a directory's names in the form of each version (facts: differences 8).
#pragma once

#include <cstdint>

#include "reference/namespace.h"

namespace reference {

inline constexpr uint64_t kDirectoryEnd = 0xffff'ffff'ffff'fffe;  // no hash: the end

// 1.8: the directory's blocks from `offset`, a multiple of 4096, as ldiskfs has them: `bytes` of
// them or fewer at the end. Empty when the offset is at the end or beyond.
Bytes directory_blocks(const Namespace& files, const Inode& directory, uint64_t offset,
                       uint32_t bytes);

// 2.0: one page (lu_dirpage) of `bytes`, with the entries whose hashes are at least `hash`.
// `attributes` are the LUDA_* bits that are wanted. Entries of one hash are not divided between
// pages, unless they fill one alone.
Bytes directory_page(const Namespace& files, const Inode& directory, uint64_t hash, uint32_t bytes,
                     uint32_t attributes);

}  // namespace reference
