#include "sensor/ebpf/sum_book.h"

#include <cstring>
#include <utility>

namespace mailvigil::sensor::ebpf {

bool SumKeyEqual::operator()(const mv_sum_key& left, const mv_sum_key& right) const noexcept {
    return std::memcmp(&left, &right, sizeof(left)) == 0;
}

std::size_t SumKeyHash::operator()(const mv_sum_key& key) const noexcept {
    std::uint64_t hash = key.start;
    for (const std::uint64_t part : {std::uint64_t{key.directory_inode},
                                     std::uint64_t{key.inode},
                                     (std::uint64_t{key.device} << 32U) | key.tgid,
                                     (std::uint64_t{key.exec_number} << 32U) | key.file_class}) {
        hash = (hash ^ part) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 29U;
    }
    return hash;
}

mv_sum_key key_of(const mv_file& file) {
    mv_sum_key key{};
    key.start = file.head.who.start;
    key.tgid = file.head.who.tgid;
    key.device = file.device;
    key.file_class = file.file_class;
    key.exec_number = file.head.who.exec_number;
    if ((file.head.notes & mv_note_by_directory) != 0) {
        key.directory_inode = file.directory_inode;
    } else {
        key.inode = file.inode;
    }
    return key;
}

bool SumBook::add(const mv_sum_key& key, const Told& told) {
    if (sums_.size() >= kSumsMax || !sums_.try_emplace(key, told).second) {
        return false;
    }
    by_process_[key.start ^ (std::uint64_t{key.tgid} << 40U)].push_back(key);
    return true;
}

Told* SumBook::find(const mv_sum_key& key) {
    const auto found = sums_.find(key);
    return found == sums_.end() ? nullptr : &found->second;
}

void SumBook::remove(const mv_sum_key& key) {
    sums_.erase(key);
    const auto process = by_process_.find(key.start ^ (std::uint64_t{key.tgid} << 40U));
    if (process != by_process_.end()) {
        std::erase_if(process->second,
                      [&](const mv_sum_key& other) { return SumKeyEqual{}(other, key); });
        if (process->second.empty()) {
            by_process_.erase(process);
        }
    }
}

std::vector<mv_sum_key> SumBook::take(std::uint32_t pid, std::uint64_t start) {
    const auto found = by_process_.find(start ^ (std::uint64_t{pid} << 40U));
    if (found == by_process_.end()) {
        return {};
    }
    std::vector<mv_sum_key> keys = std::move(found->second);
    by_process_.erase(found);
    return keys;
}

}  // namespace mailvigil::sensor::ebpf
