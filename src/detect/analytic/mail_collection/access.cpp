#include "detect/analytic/mail_collection/access.h"

#include <array>

namespace mailvigil::detect::analytic::collection {

namespace {

std::uint64_t number_of(lineage::ProcessRef process) {
    return (std::uint64_t{process.slot} << 32U) | process.generation;
}

}  // namespace

std::string_view to_text(AccessClass access_class) {
    constexpr std::array<std::string_view, 4> kWords = {"list", "read", "change", "denied"};
    return kWords[static_cast<std::size_t>(access_class)];
}

std::string_view to_text(Verdict verdict) {
    constexpr std::array<std::string_view, 6> kWords = {
        "unknown", "service", "owner", "maintenance", "administration", "collection"};
    return kWords[static_cast<std::size_t>(verdict)];
}

std::size_t AccessBook::Hash::operator()(const Key& key) const noexcept {
    const std::uint64_t process = number_of(key.process);
    const std::size_t mailbox = std::hash<std::string_view>{}(key.mailbox);
    return mailbox ^ (process * 0x9e3779b97f4a7c15U) ^ static_cast<std::size_t>(key.access_class);
}

Access& AccessBook::note(lineage::ProcessRef process,
                         std::string_view mailbox,
                         AccessClass access_class,
                         bool& fresh) {
    fresh = false;
    // A reader goes through one mailbox at a time.
    if (latest_ != nullptr && latest_->process == process &&
        latest_->access_class == access_class && latest_->mailbox == mailbox) {
        ++latest_->count;
        return *latest_;
    }
    Key key{process, std::string(mailbox), access_class};
    const auto known = index_.find(key);
    if (known != index_.end()) {
        latest_ = &accesses_[known->second - front_];
        ++latest_->count;
        return *latest_;
    }
    if (accesses_.size() == kAccessesMax) {
        evict_oldest();
    }
    fresh = true;
    by_process_[number_of(process)].push_back(front_ + accesses_.size());
    index_.emplace(key, front_ + accesses_.size());
    latest_ = &accesses_.emplace_back();
    latest_->process = process;
    latest_->mailbox = std::move(key.mailbox);
    latest_->access_class = access_class;
    latest_->count = 1;
    return *latest_;
}

void AccessBook::tell(Access& access) {
    if (!access.told) {
        access.told = true;
        index_.erase(Key{access.process, access.mailbox, access.access_class});
        consumer_(access);
    }
}

void AccessBook::evict_oldest() {
    latest_ = nullptr;
    tell(accesses_.front());
    accesses_.pop_front();
    ++front_;
}

void AccessBook::complete(lineage::ProcessRef process) {
    const auto own = by_process_.find(number_of(process));
    if (own == by_process_.end()) {
        return;
    }
    latest_ = nullptr;
    for (const std::uint64_t number : own->second) {
        if (number >= front_) {
            tell(accesses_[number - front_]);
        }
    }
    by_process_.erase(own);
    while (!accesses_.empty() && accesses_.front().told) {
        evict_oldest();
    }
}

void AccessBook::assign(const GroupKey& key, Verdict kind, std::uint64_t incident) {
    for (Access& access : accesses_) {
        if (access.incident == 0 && access.part_of == kind && access.key == key) {
            access.incident = incident;
        }
    }
}

void AccessBook::finish() {
    while (!accesses_.empty()) {
        evict_oldest();
    }
}

}  // namespace mailvigil::detect::analytic::collection
