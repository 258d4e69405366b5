#include "harness/check/lnd_1.h"

#include <fmt/format.h>

#include "reference/lnet.h"

namespace harness::check {

namespace what = reference::zero_copy;

void Lnd1::on(const Record& record, Findings& findings) {
  const Fact* fact = fact_of(record);
  const Connection connection{record.node, fact == nullptr ? 0 : fact->xid};
  if (fact == nullptr || fact->text == what::kClosed) {
    const auto gone = [&](const Connection& one) {
      return fact == nullptr ? one.node == record.node : one == connection;
    };
    for (Messages* messages : {&owed_, &awaited_}) {
      messages->erase_if([&](const Message& message, Seen) { return gone(message.first); });
    }
    return last_.erase_if([&](const Connection& one, uint64_t) { return gone(one); });
  }
  const Message message{connection, fact->handle};
  if (owed_.size() + awaited_.size() == kMessagesMax) {
    findings.inconclusive("too many messages at once");
  } else if (fact->text == what::kSent) {
    awaited_[message] = {record.index};
  } else if (fact->text == what::kDone) {
    end(awaited_, message, record, "was acknowledged, and had not been sent", findings);
  } else if (fact->text == what::kAnswered) {
    end(owed_, message, record, "was acknowledged, and had not come", findings);
  } else {
    owed_[message] = {record.index};
    uint64_t& last = last_[connection];
    if (last >= fact->handle) {
      findings.broken("LND-1",
                      fmt::format("message {} came on connection {} after message {}", fact->handle,
                                  connection.link, last),
                      {record.index});
    }
    last = fact->handle;
  }
}

void Lnd1::end(Messages& messages, const Message& message, const Record& record,
               std::string_view wrong, Findings& findings) {
  if (messages.find(message) != nullptr) return messages.erase(message);
  findings.broken("LND-1", fmt::format("message {} {}", message.second, wrong), {record.index});
}

void Lnd1::finish(Findings& findings) {
  for (const Messages* messages : {&owed_, &awaited_}) {
    for (const auto& [message, at] : *messages) {
      findings.broken("LND-1",
                      fmt::format("zero-copy message {} is not acknowledged, and its connection "
                                  "stands",
                                  message.second),
                      {at.index});
    }
  }
}

}  // namespace harness::check
