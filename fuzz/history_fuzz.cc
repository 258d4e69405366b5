// Any bytes as a history: what `assay judge` does with one, from opening it to the verdicts.
#include <cstdio>
#include <memory>

#include "harness/check/checkers.h"
#include "harness/record/history.h"
#include "harness/record/record_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::shared_ptr<std::FILE> file(fmemopen(const_cast<uint8_t*>(data), size, "rb"),
                                        [](std::FILE* f) { std::fclose(f); });
  auto reader = harness::record::HistoryReader::over(file, "input");
  if (!reader) return 0;
  harness::check::Checkers checkers;
  harness::record::RecordText text;
  while (true) {
    const auto record = reader->next();
    if (!record || !*record) break;
    text.see(**record);
    static_cast<void>(text.line(**record));
    checkers.on(**record);
  }
  checkers.finish();
  static_cast<void>(checkers.verdicts(true));
  return 0;
}
