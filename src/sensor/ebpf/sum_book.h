// SumBook: the accesses that the kernel sums up, by process life: what each sum was first told as,
// and how much of its count has been given.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "sensor/ebpf/wire.h"

namespace mailvigil::sensor::ebpf {

/// What stays of the first record of a sum.
struct Told {
    mv_file file{};
    std::string path;
    std::string executable;   ///< what the process ran then
    std::uint64_t given = 0;  ///< accesses that events stand for
};

struct SumKeyEqual {
    bool operator()(const mv_sum_key& left, const mv_sum_key& right) const noexcept;
};

struct SumKeyHash {
    std::size_t operator()(const mv_sum_key& key) const noexcept;
};

/// The key of the sum that a record is the first of.
mv_sum_key key_of(const mv_file& file);

class SumBook {
  public:
    /// As many as the kernel keeps.
    static constexpr std::size_t kSumsMax = MV_SUMS_MAX;

    /// False: it was told before.
    bool add(const mv_sum_key& key, const Told& told);

    [[nodiscard]] Told* find(const mv_sum_key& key);

    void remove(const mv_sum_key& key);

    /// The sums of a process life, in the order in which they began; they are forgotten as its
    /// sums, not as sums.
    std::vector<mv_sum_key> take(std::uint32_t pid, std::uint64_t start);

    [[nodiscard]] bool has_process(std::uint32_t pid, std::uint64_t start) const {
        return by_process_.contains(start ^ (std::uint64_t{pid} << 40U));
    }

  private:
    std::unordered_map<mv_sum_key, Told, SumKeyHash, SumKeyEqual> sums_;
    std::unordered_map<std::uint64_t, std::vector<mv_sum_key>> by_process_;
};

}  // namespace mailvigil::sensor::ebpf
