// What the frames of a capture mean to each other: which request a reply answers, which transfer a
// REPLY or ACK belongs to, which dialect a session speaks. It explains one frame after the other.
//
// It looks at frames from outside: nothing is refused, what cannot be told is said. Requests,
// transfers and sessions are forgotten, the oldest first, when there are too many.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

#include "harness/decode/entry.h"
#include "harness/decode/entry_builder.h"
#include "harness/decode/socklnd_stream.h"
#include "protocol/lnet.h"
#include "protocol/message.h"
#include "protocol/operation_info.h"

namespace harness {

class Conversation {
 public:
  // Valid until the next call.
  const Entry& explain(const FlowPlace& place, const SocklndFrame& frame);

 private:
  struct Speech {  // how a session speaks
    protocol::Dialect dialect = protocol::Dialect::v2_0;
    bool later = false;
    bool known = false;
  };
  struct Request {
    uint64_t connection = 0;
    const protocol::OperationInfo* operation = nullptr;
    uint32_t opcode = 0;
    uint32_t flags = 0;  // lm_flags
    Speech speech;
    bool connects = false;
    uint64_t client_cookie = 0;  // of a connect
  };
  struct RequestKey {
    uint32_t client = 0, server = 0;  // addresses
    uint64_t xid = 0;
    friend bool operator==(const RequestKey&, const RequestKey&) = default;
  };
  struct Transfer {
    uint64_t match_bits = 0;
    uint32_t portal = 0;
  };
  using Handle = std::array<uint8_t, 16>;
  struct HandleKey {
    uint32_t owner = 0;  // address of who made the handle
    Handle handle = {};
    friend bool operator==(const HandleKey&, const HandleKey&) = default;
  };
  struct SessionKey {
    uint64_t address = 0;  // of who made the cookie
    uint64_t cookie = 0;
    friend bool operator==(const SessionKey&, const SessionKey&) = default;
  };
  // A map that forgets its oldest entries.
  template <class K, class V>
  class Memory {
   public:
    void remember(const K& key, V value) { at(key) = std::move(value); }
    // Where that of the key is kept; a new one is empty.
    V& at(const K& key) {
      const auto [place, fresh] = map_.try_emplace(key);
      if (fresh) order_.push_back(key);
      for (; order_.size() > kRemembered; order_.pop_front()) map_.erase(order_.front());
      return place->second;
    }
    const V* find(const K& key) const {
      const auto found = map_.find(key);
      return found == map_.end() ? nullptr : &found->second;
    }

   private:
    static constexpr size_t kRemembered = 1 << 18;
    static_assert(std::has_unique_object_representations_v<K>);
    struct Hash {
      size_t operator()(const K& key) const {
        return std::hash<std::string_view>()({reinterpret_cast<const char*>(&key), sizeof key});
      }
    };
    std::unordered_map<K, V, Hash> map_;
    std::deque<K> order_;
  };

  // How to read the rest of a frame.
  struct Reading {
    const protocol::OperationInfo* operation = nullptr;
    protocol::Direction direction = protocol::Direction::request;
  };

  void explain_message(EntryBuilder& out, const SocklndFrame& frame);
  void explain_get(EntryBuilder& out, const protocol::lnet::LnetGet& get);
  void explain_get_reply(EntryBuilder& out, const protocol::lnet::LnetReply& reply);
  void explain_ack(EntryBuilder& out, const protocol::lnet::LnetAck& ack);
  void explain_put(EntryBuilder& out, const protocol::lnet::LnetPut& put);
  void explain_rpc(EntryBuilder& out, const protocol::lnet::LnetPut& put);
  Reading read_request(Entry& entry, const protocol::Message& message, uint64_t match_bits);
  Reading read_reply(Entry& entry, const protocol::Message& message,
                     const protocol::lnet::LnetPut& put);
  void remember(const Entry& entry, const Request& request, uint64_t xid);
  void learn_from_connect(const Entry& entry, const Request& request,
                          const protocol::Message& reply);
  void check_early(Entry& entry, const protocol::Message& message, uint32_t request_flags);
  Speech speech_of(const Entry& entry, const protocol::Message& message) const;
  const Request* request_of(const FlowPlace& place, uint32_t client, uint32_t server,
                            uint64_t xid) const;
  // The request that a bulk transfer between these two serves; the client is `client`.
  const protocol::OperationInfo* operation_of(Entry& entry, uint32_t client, uint32_t server,
                                              uint64_t match_bits) const;

  Entry entry_;
  Memory<RequestKey, std::vector<Request>> requests_;
  Memory<HandleKey, Transfer> gets_;
  Memory<HandleKey, Transfer> puts_;
  Memory<SessionKey, Speech> sessions_;
  std::map<std::pair<uint32_t, uint32_t>, Speech> between_;  // (client, server), the last told
};

}  // namespace harness
