#include "reference/journal.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "protocol/codec.h"

namespace reference {

namespace {

Config config_of(Dialect dialect) {
  Config config;
  config.dialect = dialect;
  return config;
}

void carry_out(const Actions& actions, Store& store) {
  for (const Action& action : actions) {
    const auto* persist = std::get_if<Persist>(&action);
    if (persist == nullptr) continue;
    for (const Write& write : persist->writes) {
      store.erase(write.key);
      if (write.value) store[write.key] = *write.value;
    }
  }
}

ServerRecord record_in(const Store& store) {
  ServerRecord record;
  std::memcpy(&record, store.at("last_rcvd/server").data(), sizeof record);
  return record;
}

Store started(Dialect dialect, TargetKind kind, Store store = {}) {
  Journal journal(config_of(dialect), kind, store);
  Actions out;
  journal.start(out);
  carry_out(out, store);
  return store;
}

}  // namespace

TEST_CASE("Journal: a fresh target writes its record") {
  const ServerRecord record = record_in(started(Dialect::v2_0, TargetKind::mdt));
  REQUIRE(protocol::name_of(record.uuid) == "assay-MDT0000_UUID");
  REQUIRE(record.mount_count == 1);
  REQUIRE(record.feature_compat == (ServerRecord::kCompatMdt | ServerRecord::kCompat20));
  REQUIRE(record.feature_incompat == 0x1c);
  REQUIRE(record.client_start == 8192);
  REQUIRE(record_in(started(Dialect::v1_8, TargetKind::ost)).feature_compat == 2);
}

TEST_CASE("Journal: commits come in order, and last_committed follows") {
  Journal journal(config_of(Dialect::v2_0), TargetKind::mdt, {});
  Actions out;
  journal.start(out);
  journal.used(1);
  const CommitId first = journal.persist({}, 1, out);
  journal.used(2);
  const CommitId second = journal.persist({}, 2, out);
  REQUIRE(journal.durable(first));
  REQUIRE(journal.last_committed() == 1);
  REQUIRE_FALSE(journal.is_durable(second));
  REQUIRE(journal.durable(second));
  REQUIRE(journal.last_committed() == 2);
  REQUIRE_FALSE(journal.durable(second));
}

TEST_CASE("Journal: after a restart the last transno is the largest of record and slots") {
  Store store = started(Dialect::v2_0, TargetKind::mdt);
  ClientSlot slot;
  slot.last_transno = 7;
  slot.last_close_transno = 9;
  const Write write = slot_write(3, slot);
  store[write.key] = *write.value;
  const Journal journal(config_of(Dialect::v2_0), TargetKind::mdt, store);
  REQUIRE(journal.last_transno() == 9);
  REQUIRE(journal.stored_slots().size() == 1);
  REQUIRE(journal.stored_slots()[0].index == 3);
}

TEST_CASE("Journal: a slot that goes leaves its transno in the server record") {
  Store store = started(Dialect::v2_0, TargetKind::mdt);
  Journal journal(config_of(Dialect::v2_0), TargetKind::mdt, store);
  Actions out;
  journal.used(12);
  journal.erase_slot(0, out);
  carry_out(out, store);
  REQUIRE(record_in(store).last_transno == 12);
}

TEST_CASE("Journal: a target does not start on another's disk") {
  const Store store = started(Dialect::v2_0, TargetKind::mdt);
  const Journal journal(config_of(Dialect::v2_0), TargetKind::ost, store);
  REQUIRE(journal.refused());
}

TEST_CASE("Journal: 1.8 refuses a disk with features of 2.0 that it cannot read") {
  Store store = started(Dialect::v2_0, TargetKind::mdt);
  REQUIRE_FALSE(Journal(config_of(Dialect::v1_8), TargetKind::mdt, store).refused());
  ServerRecord record = record_in(store);
  record.feature_incompat |= 0x40;  // IAM_DIR
  store["last_rcvd/server"] =
      Bytes(protocol::ByteView(reinterpret_cast<const uint8_t*>(&record), sizeof record));
  REQUIRE(Journal(config_of(Dialect::v1_8), TargetKind::mdt, store).refused());
  REQUIRE_FALSE(Journal(config_of(Dialect::v2_0), TargetKind::mdt, store).refused());
}

TEST_CASE("Journal: a failed operation does not take the slot's transno away") {
  ClientSlot slot;
  slot.set(ClientSlot::Group::normal, {.transno = 5, .xid = 1});
  slot.set(ClientSlot::Group::normal, {.transno = 0, .xid = 2, .result = -17});
  REQUIRE(slot.last_transno == 5);
  const SlotRecord record = slot.record(ClientSlot::Group::normal);
  REQUIRE(record.transno == 0);
  REQUIRE(record.xid == 2);
  REQUIRE(record.result == -17);
}

}  // namespace reference
