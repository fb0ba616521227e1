// Collection: what one session or process tree did with mail that it has no role for, as a story
// that grows: access -> enumerate -> stage -> exfiltrate.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "detect/analytic.h"
#include "detect/analytic/mail_collection/access.h"
#include "detect/analytic/mail_collection/memory.h"
#include "detect/group.h"

namespace mailvigil::detect::analytic::collection {

enum class Stage : std::uint8_t { access, enumerate, stage, exfiltrate };

std::string_view to_text(Stage stage);

/// How surely a way out carried mail.
enum class Tie : std::uint8_t {
    session,  ///< same session or person within TimeWindow; the content could have been anything
    flow,  ///< the process read mail itself, was fed by one that did, or sent a file that holds it
};

class Collection {
  public:
    static constexpr std::size_t kMailboxesMax = 10'000;
    static constexpr std::size_t kTaintedMax = 256;
    static constexpr std::size_t kArtefactsMax = 64;
    static constexpr std::size_t kStepsMax = 12;
    static constexpr std::size_t kEvidenceMax = 64;

    struct Mailbox {
        std::string store;
        std::string_view software;
        std::uint64_t reads = 0;
        std::uint64_t lists = 0;
        std::uint64_t changes = 0;
        std::uint64_t denials = 0;
        bool claimed = false;  ///< a command line named it

        /// Its messages were opened, or a command line says so where the log shows no files.
        [[nodiscard]] bool is_read() const { return reads > 0 || claimed; }
    };

    Collection(GroupKey key,
               Verdict kind,
               const lineage::Process& first,
               const Context& context,
               Timestamp time);

    /// Whether it is the first time that mail of this other mailbox was read.
    bool add_access(const mail::StorePlace& place,
                    AccessClass access_class,
                    bool own,
                    const Event& event);
    /// A command line says that it reads this mailbox; counts until the log shows the access
    /// itself.
    void add_claim(const mail::StorePlace& place, const Event& event);
    /// A file that holds this mailbox's mail from earlier was opened.
    void add_held(const Origin& origin, const Event& event);
    /// The same hand opened so many mailboxes of others within kHarvestMemory.
    void widen(std::size_t breadth);
    void add_command(const lineage::Process& process);
    /// Content now also stands in a file.
    void add_artefact(std::string_view path, std::string_view how, const Event& event);
    void add_staging(Act act, std::string text, const Event& event);
    void add_way_out(Act act, Tie tie, std::string text, std::string reason, const Event& event);

    void add_reason(std::string reason) { add_once(reasons_, std::move(reason), kStepsMax); }

    void add_evidence(std::string_view event_id);
    void show(const lineage::Process& process);

    /// Notes a process that carries this mail.
    void taint(const lineage::Process& process);
    /// Whether a tainted process started within `span` of `time`.
    [[nodiscard]] bool has_tainted_near(Timestamp time, Duration span) const;

    [[nodiscard]] Level level() const;
    [[nodiscard]] Stage stage() const;

    [[nodiscard]] bool concerns_others() const { return !others_.empty(); }

    /// Remembers in `held` which files still hold its mail.
    void hand_over(HeldMail& held, Timestamp time) const;

    /// Its incident's number; 0: there is nothing to tell so far.
    [[nodiscard]] std::uint64_t incident() const { return incident_.number(); }

    /// The finding when there is something new to tell; `closing`: the last word on it.
    std::optional<Finding> update(Timestamp time, bool closing);

    GroupKey key;
    Verdict kind;  ///< collection, or maintenance: honest work that is accounted for
    Timestamp last{};
    std::uint32_t login_user = kUnset;
    std::uint32_t user = 0;

  private:
    void drop_claims();
    [[nodiscard]] std::string title() const;
    [[nodiscard]] std::vector<std::string> mailboxes() const;
    [[nodiscard]] std::string people(std::size_t shown_max) const;
    [[nodiscard]] std::vector<Step> steps() const;
    [[nodiscard]] Finding finding(Timestamp time, bool closing) const;
    [[nodiscard]] std::vector<std::string> techniques() const;

    const Context& context_;
    Timestamp first_{};
    std::map<std::string, Mailbox> others_;
    std::map<std::string, Mailbox> own_;
    std::size_t others_read_ = 0;  ///< of others_, those whose mail was read
    bool others_changed_ = false;
    std::vector<Timestamp> tainted_;  ///< when each process that carries mail started
    std::vector<std::string> artefacts_;
    std::vector<std::string> commands_;
    std::uint64_t more_commands_ = 0;
    std::vector<std::string> staging_;
    std::vector<std::string> ways_out_;
    std::vector<std::string> reasons_;
    std::vector<std::string> evidence_;
    std::uint64_t evidence_more_ = 0;
    bool archived_ = false;
    std::optional<Tie> best_way_out_;
    bool uploaded_ = false;  ///< by a tool for uploads, as opposed to mail or file transfer
    bool inferred_ = false;  ///< a parent was inferred
    bool claims_only_ = false;
    std::size_t breadth_ = 0;  ///< mailboxes of others in a day, where more than here
    bool live_read_ = false;   ///< a store was read, or a copy that a suspect had made
    Actor actor_;
    std::string who_;
    Incident incident_;
    std::size_t told_ways_out_ = 0;
};

}  // namespace mailvigil::detect::analytic::collection
