#include "detect/analytic/mail_collection/memory.h"

#include <algorithm>

namespace mailvigil::detect::analytic::collection {

std::uint64_t HeldMail::open(std::string by, bool maintenance, Timestamp time) {
    if (origins_.size() == kOriginsMax) {
        origins_.pop_front();
    }
    origins_.push_back({next_, std::move(by), time, maintenance, {}});
    return next_++;
}

const Origin* HeldMail::origin(std::uint64_t id) const {
    // Ids count up and the oldest go first.
    if (origins_.empty() || id < origins_.front().id) {
        return nullptr;
    }
    const auto found = std::ranges::lower_bound(origins_, id, {}, &Origin::id);
    return found != origins_.end() && found->id == id ? &*found : nullptr;
}

void HeldMail::add_mailbox(std::uint64_t id,
                           std::string_view name,
                           std::string_view store,
                           std::string_view software) {
    const auto found = std::ranges::lower_bound(origins_, id, {}, &Origin::id);
    if (found == origins_.end() || found->id != id || found->mailboxes.size() == kMailboxesMax ||
        std::ranges::find(found->mailboxes, name, &Origin::Mailbox::name) !=
            found->mailboxes.end()) {
        return;
    }
    found->mailboxes.push_back({std::string(name), std::string(store), software});
}

void HeldMail::add_file(std::string_view path, std::uint64_t id) {
    if (path.size() < 2 || origin(id) == nullptr) {
        return;
    }
    if (const auto known = files_.find(path); known != files_.end()) {
        known->second = id;
        return;
    }
    while (files_.size() >= kFilesMax) {
        files_.erase(in_order_.front());
        in_order_.pop_front();
    }
    files_.emplace(path, id);
    in_order_.emplace_back(path);
}

void HeldMail::move_file(std::string_view from, std::string_view to) {
    if (const auto found = files_.find(from); found != files_.end()) {
        add_file(to, found->second);
    }
}

void HeldMail::drop_file(std::string_view path) {
    const auto found = files_.find(path);
    if (found != files_.end()) {
        std::erase(in_order_, found->first);
        files_.erase(found);
    }
}

const Origin* HeldMail::find(std::string_view path) const {
    constexpr std::size_t kDepthMax = 8;
    for (std::size_t depth = 0; !files_.empty() && depth < kDepthMax && path.size() > 1; ++depth) {
        if (const auto found = files_.find(path); found != files_.end()) {
            return origin(found->second);
        }
        path = path.substr(0, path.rfind('/'));
    }
    return nullptr;
}

void HeldMail::expire(Timestamp now) {
    if (origins_.empty() || origins_.front().time + kHarvestMemory >= now) {
        return;
    }
    while (!origins_.empty() && origins_.front().time + kHarvestMemory < now) {
        origins_.pop_front();
    }
    std::erase_if(in_order_, [&](const std::string& path) {
        const auto found = files_.find(path);
        const bool gone = found == files_.end() || origin(found->second) == nullptr;
        if (gone && found != files_.end()) {
            files_.erase(found);
        }
        return gone;
    });
}

std::size_t HarvestMemory::note(const lineage::Process& process,
                                std::string_view mailbox,
                                Timestamp time) {
    const bool nobody = process.login_user == kUnset;
    const std::pair key(process.login_user, nobody ? process.user.value : 0U);
    if (actors_.size() == kActorsMax && !actors_.contains(key)) {
        actors_.erase(std::ranges::min_element(actors_, {}, [](const auto& entry) {
            return entry.second.empty() ? Timestamp{} : entry.second.back().time;
        }));
    }
    std::vector<Opened>& opened = actors_[key];
    std::erase_if(opened, [&](const Opened& earlier) {
        return earlier.mailbox == mailbox || earlier.time + kHarvestMemory < time;
    });
    if (opened.size() == kMailboxesMax) {
        opened.erase(opened.begin());
    }
    opened.push_back({std::string(mailbox), time});
    return opened.size();
}

}  // namespace mailvigil::detect::analytic::collection
