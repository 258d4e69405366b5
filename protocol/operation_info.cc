#include "protocol/operation_info.h"

#include <algorithm>
#include <cstring>

#include "protocol/catalogue.h"
#include "protocol/message.h"

namespace protocol {

std::string_view NameTable::name_of(uint64_t value, Dialect dialect) const {
  const auto found = std::ranges::find_if(values, [=](const NamedValue& named) {
    return named.value == value && named.only.value_or(dialect) == dialect;
  });
  return found == values.end() ? std::string_view{} : found->lustre;
}

std::span<const OperationInfo* const> operations(Dialect dialect) {
  for (const SchemaFile& file : catalogue()) {
    if (!file.operations.empty() && file.operations.front()->dialect == dialect) {
      return file.operations;
    }
  }
  return {};
}

const StructInfo* find_struct(std::string_view lustre, std::string_view file) {
  for (const SchemaFile& schema : catalogue()) {
    if (!file.empty() && schema.name != file) continue;
    for (const StructInfo* info : schema.structs) {
      if (info->lustre == lustre) return info;
    }
  }
  return nullptr;
}

const OperationInfo* find(Dialect dialect, uint32_t opcode) {
  const OperationInfo* first = nullptr;
  for (const OperationInfo* operation : operations(dialect)) {
    if (operation->opcode != opcode) continue;
    if (operation->selector == Selector::none) return operation;
    if (first == nullptr) first = operation;
  }
  return first;
}

const OperationInfo* find(Dialect dialect, uint32_t opcode, Selector selector,
                          uint64_t discriminator) {
  const OperationInfo* by_bit = nullptr;
  for (const OperationInfo* operation : operations(dialect)) {
    if (operation->opcode != opcode || operation->selector != selector) continue;
    const uint64_t wanted = operation->discriminator;
    if (wanted == discriminator) return operation;
    // An intent is a set of bits: open with create is an open.
    if (selector == Selector::intent && by_bit == nullptr && (wanted & discriminator) == wanted) {
      by_bit = operation;
    }
  }
  return by_bit;
}

namespace {

std::optional<uint64_t> number_at(const Message& message, uint32_t buffer, size_t offset,
                                  size_t width) {
  const ByteView bytes = message.buffer(buffer);
  if (bytes.size() < offset + width) return std::nullopt;
  if (width == sizeof(uint32_t)) return *decode<uint32_t>(bytes.subspan(offset), message.order());
  return *decode<uint64_t>(bytes.subspan(offset), message.order());
}

// Offset of l_desc.l_resource.lr_type in ldlm_request, and of opc in ldlm_intent.
constexpr size_t kLockTypeOffset = 8;

const OperationInfo* by_key(Dialect dialect, const Message& request) {
  std::string_view key = as_text(request.buffer(1));
  key = key.substr(0, key.find('\0'));
  for (const OperationInfo* operation : operations(dialect)) {
    if (operation->opcode == request.body().opc && operation->selector == Selector::key &&
        operation->key == key) {
      return operation;
    }
  }
  return nullptr;
}

const OperationInfo* by_selector(Dialect dialect, const Message& request, Selector selector) {
  const uint32_t opcode = request.body().opc;
  std::optional<uint64_t> discriminator;
  switch (selector) {
    case Selector::none:
      return nullptr;
    case Selector::reint:
      discriminator = number_at(request, 1, 0, sizeof(uint32_t));
      break;
    case Selector::intent:
      if (request.buffer_count() > 2) discriminator = number_at(request, 2, 0, sizeof(uint64_t));
      break;
    case Selector::lock_type:
      if (request.buffer_count() <= 2) {
        discriminator = number_at(request, 1, kLockTypeOffset, sizeof(uint32_t));
      }
      break;
    case Selector::key:
      return by_key(dialect, request);
  }
  return discriminator ? find(dialect, opcode, selector, *discriminator) : nullptr;
}

}  // namespace

const OperationInfo* identify(Dialect dialect, const Message& request) {
  const OperationInfo* plain = nullptr;
  for (const OperationInfo* operation : operations(dialect)) {
    if (operation->opcode != request.body().opc) continue;
    if (operation->selector == Selector::none) {
      if (plain == nullptr) plain = operation;
    } else if (const OperationInfo* variant = by_selector(dialect, request, operation->selector)) {
      return variant;
    }
  }
  return plain;
}

}  // namespace protocol
