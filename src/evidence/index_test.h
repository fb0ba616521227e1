// The index beside a model of it: every question answered by reading all leaves, one by one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "evidence/index.h"
#include "evidence/ledger.h"
#include "testing/memory_disk.h"

namespace mailvigil::evidence {

constexpr Timestamp kStart{std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                           std::chrono::hours(12)};

/// A ledger in memory with a live index in a folder of its own.
class IndexedLedger {
  public:
    IndexedLedger();
    ~IndexedLedger();

    /// Appends events at random, always the same for one seed.
    void append(std::uint64_t count);
    void append(const Event& event);
    void commit();
    void flush();
    void prune(std::uint64_t first);

    /// Closes the index and opens it again.
    void reopen(Index::Mode mode = Index::Mode::write);

    [[nodiscard]] std::unique_ptr<LedgerReader> reader();

    [[nodiscard]] std::string file() const { return folder + "/index.sqlite"; }

    testing::MemoryDisk disk;
    std::string folder;
    std::unique_ptr<Ledger> ledger;
    std::unique_ptr<Index> index;

  private:
    void append_access();
    void append_finding();
    void append_other();

    std::mt19937_64 random_{20261123};
    Timestamp now_ = kStart;
};

/// Every question, asked of the index and of the model; fails where they differ.
void expect_same_answers(IndexedLedger& ledger, Index& index);

/// The answers of the index alone, as text; of errors their message.
std::string all_answers(IndexedLedger& ledger, Index& index);

}  // namespace mailvigil::evidence
