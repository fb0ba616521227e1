// Judge: what an access to a mailbox is taken for, by who reads, how, and whose mail it is.
#pragma once

#include <string>
#include <unordered_map>

#include "detect/analytic.h"
#include "detect/analytic/mail_collection/access.h"

namespace mailvigil::detect::analytic::collection {

struct Judgement {
    Verdict verdict = Verdict::unknown;
    std::string reason;  ///< short: every access carries it
};

class Judge {
  public:
    static constexpr std::size_t kOwnersMax = 16'384;

    explicit Judge(const Context& context) : context_(context) {}

    Judgement judge(const lineage::Process& process,
                    const mail::StorePlace& place,
                    const Event& event);

    /// Why such a reader's access is a collection, in a sentence that says whose doing it is.
    [[nodiscard]] std::string explain_collection(const lineage::Process& process) const;

  private:
    [[nodiscard]] bool acts_for_owner(const lineage::Process& process,
                                      const mail::StorePlace& place,
                                      const Event& event,
                                      std::string& reason) const;
    [[nodiscard]] std::string stranger(const lineage::Process& process) const;
    void learn_owner(const mail::StorePlace& place, const Event& event);

    const Context& context_;
    /// file owner -> the one mailbox that it owns; empty: it owns several (vmail and the like).
    std::unordered_map<std::uint32_t, std::string> mailbox_of_uid_;
};

}  // namespace mailvigil::detect::analytic::collection
