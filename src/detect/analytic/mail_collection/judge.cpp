#include "detect/analytic/mail_collection/judge.h"

#include <fmt/format.h>

#include "detect/declared.h"

namespace mailvigil::detect::analytic::collection {

namespace {

using lineage::Process;

constexpr std::uint32_t kRoot = 0;

}  // namespace

// Virtual stores give all mailboxes to one account. That account owns none of them.
void Judge::learn_owner(const mail::StorePlace& place, const Event& event) {
    if (!event.has(Field::file_owner_id) || place.user.empty() || place.shared) {
        return;
    }
    const auto uid = static_cast<std::uint32_t>(event.file_owner_id());
    const auto known = mailbox_of_uid_.find(uid);
    if (known == mailbox_of_uid_.end()) {
        if (mailbox_of_uid_.size() < kOwnersMax) {
            mailbox_of_uid_.emplace(uid, place.mailbox());
        }
    } else if (!known->second.empty() && known->second != place.mailbox()) {
        known->second.clear();
    }
}

bool Judge::acts_for_owner(const Process& process,
                           const mail::StorePlace& place,
                           const Event& event,
                           std::string& reason) const {
    if (place.user.empty() || place.shared) {
        return false;
    }
    const lineage::Lineage& lineage = context_.lineage;
    const std::string_view login =
        process.login_user == kUnset ? "" : lineage.known_user_name(process.login_user);
    if (place.domain.empty() && login == place.user) {
        reason = fmt::format("{} logged in as the mailbox's owner", place.user);
        return true;
    }
    const std::uint32_t user = process.effective_user.value;
    const std::string_view name = lineage.known_user_name(user);
    const auto file_owner = static_cast<std::uint32_t>(event.file_owner_id());
    const auto owned = mailbox_of_uid_.find(user);
    const bool owns_file = event.has(Field::file_owner_id) && file_owner == user && user != kRoot &&
                           place.domain.empty() && owned != mailbox_of_uid_.end() &&
                           !owned->second.empty();
    if (!owns_file && (name.empty() || name != place.user || !place.domain.empty())) {
        return false;
    }
    // Somebody else who became the owner by su or sudo is not the owner; root's mail is for those
    // who may be root.
    const lineage::Session* session = lineage.session(process);
    const bool stranger_in = user != kRoot && process.login_user != kUnset &&
                             process.login_user != user && process.login_user != kRoot &&
                             session != nullptr && session->is_interactive();
    if (stranger_in) {
        return false;
    }
    reason = fmt::format("runs as the mailbox's owner {}", place.user);
    return true;
}

std::string Judge::stranger(const Process& process) const {
    const lineage::Lineage& lineage = context_.lineage;
    const std::string user = lineage.user_name(process.user.value);
    if (process.login_user != kUnset && process.login_user != process.user.value) {
        return fmt::format("{} (logged in as {})", user, lineage.user_name(process.login_user));
    }
    return user;
}

Judgement Judge::judge(const Process& process, const mail::StorePlace& place, const Event& event) {
    learn_owner(place, event);
    const Role* role = context_.facts.of(process).role;
    std::string reason;
    if (role != nullptr && role->verdict == RoleVerdict::service) {
        return {Verdict::service, fmt::format("role {}: {}", role->name, role->word), true};
    }
    if (acts_for_owner(process, place, event, reason)) {
        return {Verdict::owner, std::move(reason), true};
    }
    const Declaration* declaration = declared_mailbox(
        context_.knowledge.settings, process, context_.lineage, place.mailbox(), event.time);
    if (declaration != nullptr) {
        return {Verdict::administration, fmt::format("declared: {}", declaration->reason), true};
    }
    if (role != nullptr &&
        (role->verdict == RoleVerdict::maintenance || role->verdict == RoleVerdict::change)) {
        return {Verdict::maintenance, fmt::format("role {}: {}", role->name, role->word), false};
    }
    reason = fmt::format(
        "{} is not the owner of {} and no role, maintenance or declared reason covers {}",
        stranger(process),
        place.mailbox(),
        process.name.empty() ? process.executable : process.name);
    return {Verdict::collection, std::move(reason), false};
}

}  // namespace mailvigil::detect::analytic::collection
