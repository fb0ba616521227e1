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
    // Lock files beside a mailbox (alice.mx1.11962) belong to their maker too, but nobody reads
    // them.
    const bool read =
        event.event_class == EventClass::file_open || event.event_class == EventClass::file_read;
    if (!read || !event.has(Field::file_owner_id) || place.user.empty() || place.shared) {
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
    if (place.shared) {
        return false;
    }
    const lineage::Lineage& lineage = context_.lineage;
    const std::string_view login =
        process.login_user == kUnset ? "" : lineage.known_user_name(process.login_user);
    if (place.domain.empty() && !place.user.empty() && login == place.user) {
        reason = fmt::format("{} logged in as the mailbox's owner", place.user);
        return true;
    }
    const std::uint32_t user = process.effective_user.value;
    const std::string_view name = lineage.known_user_name(user);
    const auto file_owner = static_cast<std::uint32_t>(event.file_owner_id());
    const auto owned = mailbox_of_uid_.find(user);
    // Where the path names nobody (a mail client's temporary folder) the file's owner is whose it
    // is.
    const bool one_mailbox =
        place.user.empty() || owned == mailbox_of_uid_.end() || !owned->second.empty();
    const bool owns_file = event.has(Field::file_owner_id) && file_owner == user && user != kRoot &&
                           place.domain.empty() && one_mailbox &&
                           !context_.knowledge.execution.is_account(name);
    const bool named = !name.empty() && name == place.user && place.domain.empty();
    if (!owns_file && !named) {
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
    reason = fmt::format("runs as the mailbox's owner {}", lineage.user_name(user));
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

std::string Judge::explain_collection(const Process& process) const {
    return fmt::format(
        "{} is not the mailbox's owner; no role, maintenance or declared reason covers {}",
        stranger(process),
        process.name.empty() ? process.executable : process.name);
}

Judgement Judge::judge(const Process& process, const mail::StorePlace& place, const Event& event) {
    learn_owner(place, event);
    const Role* role = context_.facts.of(process).role;
    std::string reason;
    if (role != nullptr && role->verdict == RoleVerdict::service) {
        return {Verdict::service, fmt::format("role {}: {}", role->name, role->word)};
    }
    if (acts_for_owner(process, place, event, reason)) {
        return {Verdict::owner, std::move(reason)};
    }
    const Declaration* declaration = declared_mailbox(
        context_.knowledge.settings, process, context_.lineage, place.mailbox(), event.time);
    if (declaration != nullptr) {
        // A declared run of a tool for such work is that work; anything else is an administrator
        // looking.
        const Role* tool =
            context_.knowledge.roles.role_of(process, context_.lineage, Attendance::ignored);
        const bool work = tool != nullptr && tool->verdict == RoleVerdict::maintenance;
        return {work ? Verdict::maintenance : Verdict::administration,
                fmt::format("declared: {}", declaration->reason)};
    }
    if (role != nullptr &&
        (role->verdict == RoleVerdict::maintenance || role->verdict == RoleVerdict::change)) {
        return {Verdict::maintenance, fmt::format("role {}: {}", role->name, role->word)};
    }
    return {Verdict::collection, "neither the owner's nor accounted for"};
}

}  // namespace mailvigil::detect::analytic::collection
