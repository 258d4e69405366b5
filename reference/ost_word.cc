// Words of Size-on-MDS that an OST says over the connections that were made to it: to the MDS,
// before it executes a lockless operation and after it (solution 10); to clients, when the MDS
// synchronises with it (solution 12).
#include <algorithm>
#include <utility>

#include "protocol/mds.h"
#include "protocol/operations_2_0.h"
#include "reference/ost.h"
#include "reference/som_words.h"

namespace reference {

uint64_t Ost::new_word() { return ++last_word_; }

ExportId Ost::mds() const {
  for (const Export& client : service_.exports()) {
    if (client.name().ends_with("-mdtlov_UUID")) return client.id;
  }
  return 0;
}

// --- lockless operations ---

bool Ost::announces(const Call& call, const Obdo& obdo, bool lockless) const {
  const bool of_file = (obdo.valid & protocol::mds::valid::kFid) != 0;
  return config_.som.on && config_.som.has(SomPolicy::invalidate_first) && lockless && of_file &&
         !call.announced && !call.request.replay;
}

void Ost::announce(Call& call, Bytes data) {
  Job job;
  job.waits = Job::Waits::word;
  job.cookie = new_word();
  job.data = std::move(data);
  say_of(call.step, call.request, kEpochBegins, job.cookie);
  park(call, std::move(job));
}

// The MDS has come back: what it was told before, it may have forgotten.
void Ost::announce_waiting(Step& step) {
  for (Job& job : jobs_) {
    if (job.waits != Job::Waits::word || job.length != 0) continue;
    job.cookie = new_word();
    say_of(step, job.request, kEpochBegins, job.cookie);
  }
}

// The obdo of the request, which its client and xid name.
void Ost::say_of(Step& step, const Request& request, std::string_view key, uint64_t cookie) {
  const auto decoded =
      protocol::decode<protocol::ost::OstBody>(request.message.buffer(1), request.message.order());
  if (!decoded) return;
  Obdo obdo = decoded->oa;
  obdo.handle.cookie = request.xid << 16 ^ request.from.nid << 8 ^ request.from.pid;
  callbacks_.say(locking(step), mds(), {key, protocol::bytes_of(obdo), cookie, false});
}

void Ost::on_worded(Step& step, const LockNews::Worded& worded) {
  const auto found = std::ranges::find_if(jobs_, [&](const Job& job) {
    return job.waits == Job::Waits::word && job.cookie == worded.cookie;
  });
  if (worded.cookie == 0 || found == jobs_.end()) return;
  if (found->length != 0) {  // of clients: who is gone has no more I/O
    if (--found->length != 0) return;
    const Job job = std::move(*found);
    jobs_.erase(found);
    Reply reply = service_.reply(job.request);
    service_.finish(step.turn, job.request, reply);
    return;
  }
  if (!worded.answered) return;  // until the MDS is back
  Job job = std::move(*found);
  jobs_.erase(found);
  job.announced = true;
  if (job.request.opcode == protocol::ptlrpc::opcode::kOstWrite) {
    job.length = static_cast<uint32_t>(job.data.size());
    finish_write(step, job, job.data);
    release(step, job.lock);
  } else {
    run(step, job.request, job.lock, true);
  }
}

// --- clients ---

void Ost::ask_clients(Call& call) {
  Job job;
  job.waits = Job::Waits::word;
  job.cookie = new_word();
  std::vector<ExportId> clients;
  for (const Export& client : service_.exports()) {
    if (client.id != call.request.export_id) clients.push_back(client.id);
  }
  for (const ExportId client : clients) {
    if (callbacks_.say(locking(call.step), client, {kRevalidate, {}, job.cookie, true})) {
      ++job.length;
    } else {
      service_.evict(call.step.turn, client, "it cannot be asked whether the MDS knows it");
    }
  }
  if (job.length != 0) park(call, std::move(job));
}

}  // namespace reference
