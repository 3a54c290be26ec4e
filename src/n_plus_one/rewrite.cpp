#include "n_plus_one/rewrite.hpp"

#include "core/n_plus_one/run_values.hpp"
#include "core/shared/text_pool.hpp"
#include "n_plus_one/any_form.hpp"
#include "n_plus_one/computed_key.hpp"
#include "n_plus_one/parsed_again.hpp"

namespace elile::n_plus_one {
namespace {

// Returns a name that the statement's text does not have, so that nothing in it can refer to it or
// hide it.
const char* UnusedName(const char* name, const Statement& statement) {
    const char* candidate = name;
    for (int number = 1; statement.Mentions(candidate); ++number) {
        candidate = psprintf("%s_%d", name, number);
    }
    return candidate;
}

void AddKey(KeySet* keys, const Key& key, int shared) {
    for (int at = 0; at < keys->count; ++at) {
        if (keys->of[at].parameter == key.parameter) {
            keys->shared[at] = keys->shared[at] != 0 ? keys->shared[at] : shared;
            return;
        }
    }
    if (keys->count < KeySet::kMost) {
        keys->of[keys->count] = key;
        keys->shared[keys->count++] = shared;
    }
}

bool IsLimit(const Statement& statement, int parameter) {
    for (const Node* node : {statement.raw->limitCount, statement.raw->limitOffset}) {
        if (node != nullptr && IsA(node, ParamRef) &&
            reinterpret_cast<const ParamRef*>(node)->number == parameter) {
            return true;
        }
    }
    return false;
}

bool Changes(uint64 changing, int number) {
    return (changing & core::BitOfParameter(static_cast<uint32>(number))) != 0;
}

Key OtherUse(const Statement& child, int number) {
    return {number, child.types[number - 1], nullptr, InvalidOid, 0, nullptr};
}

// Chooses each parameter that changed, with its equality where it has one.
KeySet ChangedKeys(const Statement& parent, const Statement& child, uint64 changing) {
    KeySet keys = {};
    Key found[KeySet::kMost];
    const int count = FindKeys(child, found, KeySet::kMost);
    for (int at = 0; at < count; ++at) {
        if (Changes(changing, found[at].parameter)) {
            AddKey(&keys, found[at], parent.query != nullptr ? SharedColumn(parent, found[at]) : 0);
        }
    }
    for (int number = 1; number <= child.parameters; ++number) {
        if (child.UsesOf(number) == 0) {
            continue;
        }
        if (Changes(changing, number)) {
            AddKey(&keys, OtherUse(child, number), 0);
        }
        keys.some_stay =
            keys.some_stay || (keys.Find(number) == nullptr && !IsLimit(child, number));
    }
    return keys;
}

// Chooses the equalities whose values the parent has, else all equalities, else every parameter.
KeySet LikelyKeys(const Statement& parent, const Statement& child) {
    KeySet keys = {};
    Key found[KeySet::kMost];
    const int count = FindKeys(child, found, KeySet::kMost);
    int shared[KeySet::kMost] = {};
    for (int at = 0; at < count; ++at) {
        shared[at] = parent.query != nullptr ? SharedColumn(parent, found[at]) : 0;
        if (shared[at] != 0) {
            AddKey(&keys, found[at], shared[at]);
        }
    }
    for (int at = 0; at < count && !keys.AreShared(); ++at) {
        AddKey(&keys, found[at], 0);
    }
    for (int number = 1; number <= child.parameters; ++number) {
        if (child.UsesOf(number) > 0 && !IsLimit(child, number)) {
            if (count == 0) {
                AddKey(&keys, OtherUse(child, number), 0);
            }
            keys.some_stay = keys.some_stay || keys.Find(number) == nullptr;
        }
    }
    return keys;
}

KeySet ChooseKeys(const Statement& parent, const Statement& child, uint64 changing) {
    const KeySet keys = ChangedKeys(parent, child, changing);
    return keys.count > 0 ? keys : LikelyKeys(parent, child);
}

// Returns the child's text with each parameter as `name_of(number)` says.
template <typename NameOf>
const char* WithParameters(const Statement& child, NameOf name_of) {
    auto* edits = static_cast<core::TextEdit*>(
        palloc(sizeof(core::TextEdit) * (static_cast<Size>(child.token_count) + 1)));
    int count = 0;
    for (int at = 0; at < child.token_count; ++at) {
        const Token& token = child.tokens[at];
        if (token.parameter != 0) {
            edits[count++] = {static_cast<size_t>(token.begin), static_cast<size_t>(token.end),
                              name_of(token.parameter)};
        }
    }
    return Edited(child.text, edits, count);
}

const char* ValueName(const KeySet& keys, const Key* key) {
    return keys.count == 1 ? "value" : psprintf("value%d", static_cast<int>(key - keys.of) + 1);
}

const char* LateralForm(const Rewrites& rewrites) {
    const KeySet& keys = rewrites.keys;
    const char* alias = UnusedName("key", rewrites.child);
    StringInfoData text;
    initStringInfo(&text);
    appendStringInfo(&text, "select %s.*, child.*\nfrom unnest(", alias);
    for (int at = 0; at < keys.count; ++at) {
        appendStringInfo(&text, "%s$%d::%s", at > 0 ? ", " : "", keys.of[at].parameter,
                         ArrayTypeName(keys.of[at].type));
    }
    appendStringInfo(&text, ") as %s(", alias);
    for (int at = 0; at < keys.count; ++at) {
        appendStringInfo(&text, "%s%s", at > 0 ? ", " : "", ValueName(keys, &keys.of[at]));
    }
    const char* inner = WithParameters(rewrites.child, [&](int number) -> const char* {
        const Key* key = keys.Find(number);
        return key != nullptr ? psprintf("%s.%s", alias, ValueName(keys, key))
                              : psprintf("$%d", number);
    });
    appendStringInfo(&text, ")\ncross join lateral (%s) as child", inner);
    return text.data;
}

// Returns the numbers in the joined form, after the parent's, of the child's parameters that are no
// keys, by their own numbers.
const int* PlacesInJoined(const Rewrites& rewrites) {
    const int parameters = rewrites.child.most_used;
    auto* places = static_cast<int*>(palloc0(sizeof(int) * (static_cast<Size>(parameters) + 1)));
    int place = rewrites.parent.parameters;
    for (int number = 1; number <= parameters; ++number) {
        if (rewrites.keys.Find(number) == nullptr && rewrites.child.UsesOf(number) > 0) {
            places[number] = ++place;
        }
    }
    return places;
}

const char* JoinedForm(const Rewrites& rewrites) {
    const Statement& parent = rewrites.parent;
    const KeySet& keys = rewrites.keys;
    const char* alias = UnusedName("parent", rewrites.child);
    const int* places = PlacesInJoined(rewrites);
    const char* inner = WithParameters(rewrites.child, [&](int number) -> const char* {
        const Key* key = keys.Find(number);
        if (key != nullptr) {
            return psprintf("%s.%s", alias, OutputName(parent, keys.shared[key - keys.of]));
        }
        return psprintf("$%d", places[number]);
    });
    return psprintf(
        "select %s.*, child.*\nfrom (%s) as %s\nleft join lateral (%s) as child on true", alias,
        parent.text, alias, inner);
}

// Analyses a text as the store has it, which may be cut.
const char* AnalyseKept(const Known& known, Statement* statement) {
    return strlen(known.text) > core::kMaxTextBytes - MAX_MULTIBYTE_CHAR_LEN
               ? "its text is kept to the first 16 kB only"
               : Analyse(known, statement);
}

// Returns words for what forbids the parent to stand in FROM, or null.
const char* WhyNotJoined(const Known& known, Statement* parent) {
    if (known.text == nullptr) {
        return "there is none";
    }
    const char* why = AnalyseKept(known, parent);
    if (why != nullptr) {
        return why;
    }
    return parent->query->rowMarks != NIL ? "it locks rows" : WhyNotAtAll(*parent);
}

// Makes the form with = any, or else the lateral join. It makes none where the server has no arrays
// of a key's type.
void MakeAtOnce(Rewrites* rewrites) {
    const Statement& child = rewrites->child;
    const Key& key = rewrites->keys.of[0];
    for (const Key* each = rewrites->keys.of; each != rewrites->keys.of + rewrites->keys.count;
         ++each) {
        if (!OidIsValid(get_array_type(each->type))) {
            rewrites->obstacle = "there are no lists of its key's type";
            return;
        }
    }
    if (rewrites->keys.count > 1) {
        rewrites->obstacle = "more than one parameter may change";
    } else {
        const bool of_one_row = key.column != nullptr && IsOfOneRow(child, key);
        rewrites->obstacle = WhyNotAny(child, key, of_one_row);
        if (rewrites->obstacle == nullptr) {
            rewrites->limit_dropped = child.query->limitCount != nullptr;
            rewrites->at_once = AnyForm(child, key, rewrites->limit_dropped);
            if (rewrites->at_once != nullptr) {
                return;
            }
            rewrites->limit_dropped = false;
            rewrites->obstacle = child.query->limitCount != nullptr
                                     ? "its LIMIT counts each key's rows"
                                     : "its equality is written in another way";
        }
    }
    rewrites->at_once = LateralForm(*rewrites);
    rewrites->at_once_before = rewrites->keys.count;
}

// Returns InvalidOid for a type that is inferred.
Oid TypeOf(const Statement& statement, int number) {
    return number <= statement.given || !statement.is_inferred ? statement.types[number - 1]
                                                               : InvalidOid;
}

// Parameters of the forms have the types that they have in the statements; a key's becomes the
// array type of its own. What was inferred is inferred again.
void SetTypes(Rewrites* rewrites) {
    const Statement& parent = rewrites->parent;
    const Statement& child = rewrites->child;
    const auto of_parent = static_cast<Size>(parent.query != nullptr ? parent.parameters : 0);
    const auto of_child = static_cast<Size>(child.parameters);
    auto* at_once = static_cast<Oid*>(palloc0(sizeof(Oid) * (of_child + 1)));
    auto* joined = static_cast<Oid*>(palloc0(sizeof(Oid) * (of_parent + of_child + 1)));
    for (Size at = 0; at < of_parent; ++at) {
        joined[at] = TypeOf(parent, static_cast<int>(at) + 1);
    }
    Size place = of_parent;
    for (int number = 1; number <= child.parameters; ++number) {
        const Oid type = TypeOf(child, number);
        const bool is_key = rewrites->keys.Find(number) != nullptr;
        at_once[number - 1] = is_key && OidIsValid(type) ? get_array_type(type) : type;
        if (!is_key && child.UsesOf(number) > 0) {
            joined[place++] = type;
        }
    }
    rewrites->at_once_types = at_once;
    rewrites->joined_types = joined;
    rewrites->joined_parameters = static_cast<int>(place);
}

}  // namespace

const Key* KeySet::Find(int parameter) const {
    for (const Key* key = of; key != of + count; ++key) {
        if (key->parameter == parameter) {
            return key;
        }
    }
    return nullptr;
}

bool KeySet::AreShared() const {
    for (int at = 0; at < count; ++at) {
        if (shared[at] == 0) {
            return false;
        }
    }
    return count > 0;
}

Rewrites Rewrite(const Known& parent, const Known& child, uint64 changing) {
    Rewrites rewrites = {};
    rewrites.parent_refusal = WhyNotJoined(parent, &rewrites.parent);
    if (rewrites.parent_refusal != nullptr) {
        rewrites.parent.query = nullptr;
    }
    rewrites.refusal = AnalyseKept(child, &rewrites.child);
    if (rewrites.refusal == nullptr) {
        rewrites.refusal = WhyNotAtAll(rewrites.child);
    }
    if (rewrites.refusal != nullptr) {
        return rewrites;
    }
    Key plain;
    // Analysis infers the same types in the edited text, since all else of it stays.
    if (FindKeys(rewrites.child, &plain, 1) == 0 && rewrites.child.is_inferred &&
        rewrites.child.given == 0) {
        rewrites.plain_child = WithPlainKey(rewrites.child, &changing);
    }
    if (rewrites.plain_child != nullptr) {
        const bool is_known = rewrites.child.is_known;
        Analyse({rewrites.plain_child, 0, 0}, &rewrites.child);
        rewrites.child.is_known = is_known;
    }
    rewrites.keys = ChooseKeys(rewrites.parent, rewrites.child, changing);
    if (rewrites.keys.count == 0) {
        rewrites.refusal = "it has no parameter that may change";
        return rewrites;
    }
    MakeAtOnce(&rewrites);
    if (rewrites.keys.AreShared()) {
        rewrites.joined = JoinedForm(rewrites);
    }
    SetTypes(&rewrites);
    if (rewrites.at_once != nullptr) {
        AnalyseAtOnce(rewrites);
    }
    if (rewrites.joined != nullptr && AnalyseJoined(rewrites).query == nullptr) {
        rewrites.joined = nullptr;
    }
    return rewrites;
}

Statement AnalyseAtOnce(const Rewrites& rewrites) {
    Statement statement;
    AnalyseTyped(rewrites.at_once, rewrites.at_once_types, rewrites.child.parameters, &statement);
    return statement;
}

Statement AnalyseJoined(const Rewrites& rewrites) {
    Statement statement;
    AnalyseTyped(rewrites.joined, rewrites.joined_types, rewrites.joined_parameters, &statement);
    return statement;
}

const char* WithListsOf(const Rewrites& rewrites, int count) {
    const Statement at_once = AnalyseAtOnce(rewrites);
    if (at_once.query == nullptr) {
        return nullptr;
    }
    int next = at_once.parameters;
    return WithParameters(at_once, [&](int number) -> const char* {
        const Key* key = rewrites.keys.Find(number);
        if (key == nullptr) {
            return psprintf("$%d", number);
        }
        StringInfoData list;
        initStringInfo(&list);
        appendStringInfoString(&list, "(array[");
        for (int at = 0; at < count; ++at) {
            appendStringInfo(&list, "%s$%d", at > 0 ? "," : "", ++next);
        }
        appendStringInfo(&list, "]::%s)", ArrayTypeName(key->type));
        return list.data;
    });
}

const char* ArrayTypeName(Oid element) {
    // A name of char without a length would mean one character.
    return format_type_extended(get_array_type(element), -1, FORMAT_TYPE_TYPEMOD_GIVEN);
}

}  // namespace elile::n_plus_one
