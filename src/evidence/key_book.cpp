#include "evidence/key_book.h"

#include <fmt/format.h>

#include <algorithm>

namespace mailvigil::evidence {

KeyBook::KeyBook(const VerifyOptions& options, TellDamage damaged)
    : options_(options), damaged_(std::move(damaged)) {
    for (const VerifierKey& witness : options_.witnesses) {
        cosigned_.push_back({.witness = witness.name});
    }
}

void KeyBook::take(const Seal& seal, const std::string& origin) {
    const std::string where = fmt::format("record {}", seal.leaf);
    auto key = parse_vkey(seal.vkey);
    if (!key || key->name != origin || key->type != KeyType::ed25519) {
        damaged_(where, "names no key of this ledger");
        return;
    }
    if (seal.action == SealAction::genesis) {
        take_genesis(seal, *key, origin);
    }
    epochs_.push_back({seal.leaf, std::move(*key)});
}

void KeyBook::take_genesis(const Seal& seal, const VerifierKey& key, const std::string& origin) {
    const std::string where = fmt::format("record {}", seal.leaf);
    auto log_key = parse_vkey(seal.log_vkey);
    if (seal.origin != origin || !log_key || log_key->name != origin) {
        damaged_(where, fmt::format("the genesis of another ledger: {}", seal.origin));
    } else {
        log_key_ = std::move(*log_key);
    }
    if (options_.first_epoch_key && *options_.first_epoch_key != key) {
        damaged_(where,
                 "the ledger does not begin with the key that was given: it is another one, or was "
                 "made anew");
    }
    first_ = key;
}

const KeyBook::Epoch* KeyBook::epoch_of(std::uint64_t size) const {
    if (epochs_.empty()) {
        return nullptr;
    }
    const auto after = std::ranges::lower_bound(epochs_, size - 1, {}, &Epoch::leaf);
    // Genesis names the key that signs its own checkpoint.
    return size == 1 ? &epochs_.front() : after == epochs_.begin() ? nullptr : &*(after - 1);
}

bool KeyBook::check_signatures(const Checkpoint& checkpoint) {
    const std::string where = fmt::format("checkpoints, size {}", checkpoint.head.size);
    const Epoch* epoch = epoch_of(checkpoint.head.size);
    if (epoch == nullptr || !log_key_) {
        damaged_(where, "no key is known that must have signed it");
        return false;
    }
    const std::vector<NoteSignature>& signatures = checkpoint.note.signatures;
    // The log key's signature is the first, the epoch key's the second; all others are witnesses'.
    const auto signed_by = [&](std::size_t number, const VerifierKey& key) {
        return number < signatures.size() && signatures[number].name == key.name &&
               signatures[number].id == key.id &&
               check(checkpoint.note, key) == SignatureCheck::valid;
    };
    bool good = true;
    if (!signed_by(0, *log_key_)) {
        damaged_(where, "not signed by the log key");
        good = false;
    }
    if (!signed_by(1, epoch->key)) {
        damaged_(where, "not signed by the key of its day");
        good = false;
    }
    if (std::ranges::count(signatures, checkpoint.origin, &NoteSignature::name) > 2) {
        damaged_(where, "a third signature in the name of the ledger");
        good = false;
    }
    return check_cosignatures(checkpoint, where) && good;
}

bool KeyBook::check_cosignatures(const Checkpoint& checkpoint, const std::string& where) {
    bool good = true;
    for (std::size_t i = 0; i < options_.witnesses.size(); ++i) {
        const VerifierKey& witness = options_.witnesses[i];
        const SignatureCheck cosigned = check(checkpoint.note, witness);
        if (cosigned == SignatureCheck::invalid) {
            damaged_(where, fmt::format("the signature of {} is forged", witness.name));
            good = false;
        } else if (cosigned == SignatureCheck::valid) {
            cosigned_[i].size = checkpoint.head.size;
        }
    }
    return good;
}

void KeyBook::finish() {
    if (!log_key_) {
        damaged_("record 0", "the genesis is missing");
    }
    for (const Cosigned& witness : cosigned_) {
        if (witness.size == 0) {
            damaged_("checkpoints",
                     fmt::format("none has a valid signature of the witness {}: it never saw this "
                                 "ledger, or what it signed was removed",
                                 witness.witness));
        }
    }
}

}  // namespace mailvigil::evidence
