#include "ingest/adapter/linux_audit/inode_names.h"

namespace mailvigil::ingest::adapter::audit_log {

namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
    hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
    return hash ^ (hash >> 29U);
}

std::uint64_t hash_of(const InodeKey& key) {
    std::uint64_t hash = mix(0, key.node);
    for (const char c : key.device) {
        hash = mix(hash, static_cast<unsigned char>(c));
    }
    return mix(hash, key.inode);
}

}  // namespace

void InodeNames::note(const InodeKey& key, std::string_view path) {
    const std::uint64_t hash = hash_of(key);
    if (slots_.empty()) {
        slots_.resize(kSlots);
    }
    Slot& slot = slots_[hash % kSlots];
    slot.hash = hash;
    if (slot.path != path) {
        slot.path.assign(path);
    }
}

void InodeNames::forget(const InodeKey& key) {
    if (slots_.empty()) {
        return;
    }
    const std::uint64_t hash = hash_of(key);
    Slot& slot = slots_[hash % kSlots];
    if (slot.hash == hash) {
        slot.path.clear();
    }
}

std::string_view InodeNames::find(const InodeKey& key) const {
    if (slots_.empty()) {
        return {};
    }
    const std::uint64_t hash = hash_of(key);
    const Slot& slot = slots_[hash % kSlots];
    return slot.hash == hash ? std::string_view(slot.path) : std::string_view();
}

}  // namespace mailvigil::ingest::adapter::audit_log
