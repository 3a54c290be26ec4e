// A library for a server of one process, postgres --single. fuzz(target, arguments) hands the
// process over to libFuzzer, which ends it.
#include "fuzz/server/target.hpp"

extern "C" {
PG_MODULE_MAGIC;
PG_FUNCTION_INFO_V1(fuzz);
PGDLLEXPORT Datum fuzz(PG_FUNCTION_ARGS);
int LLVMFuzzerRunDriver(int* argc, char*** argv,
                        int (*take)(const std::uint8_t* data, std::size_t size));
}

namespace elile::fuzz {
namespace {

struct Target {
    const char* name;
    void (*take)(Input input);
};
constexpr Target kTargets[] = {
    {"statement", TakeStatement}, {"loop", TakeLoop}, {"predicate", TakePredicates}};

const Target* chosen = nullptr;

// An error of the server's is an input that is refused. What it made is undone in any case.
int Take(const std::uint8_t* data, std::size_t size) {
    MemoryContext before = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    MemoryContext own =
        AllocSetContextCreate(TopMemoryContext, "fuzz target", ALLOCSET_DEFAULT_SIZES);
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(own);
    PG_TRY();
    { chosen->take(Input(data, size)); }
    PG_CATCH();
    {
        if (geterrcode() == ERRCODE_INTERNAL_ERROR) {
            EmitErrorReport();
            Require(false, "no input is an internal error");
        }
        FlushErrorState();
    }
    PG_END_TRY();
    RollbackAndReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(before);
    CurrentResourceOwner = owner;
    MemoryContextDelete(own);
    return 0;
}

char** ArgumentsOf(ArrayType* given, int* count) {
    Datum* texts = nullptr;
    deconstruct_array(given, TEXTOID, -1, false, TYPALIGN_INT, &texts, nullptr, count);
    auto** arguments =
        static_cast<char**>(palloc0(sizeof(char*) * (static_cast<Size>(*count) + 2)));
    arguments[0] = pstrdup("fuzz");
    for (int at = 0; at < *count; ++at) {
        arguments[at + 1] = TextDatumGetCString(texts[at]);
    }
    ++*count;
    return arguments;
}

}  // namespace
}  // namespace elile::fuzz

Datum fuzz(PG_FUNCTION_ARGS) {
    using namespace elile::fuzz;
    const char* name = text_to_cstring(PG_GETARG_TEXT_PP(0));
    for (const Target& target : kTargets) {
        if (strcmp(target.name, name) == 0) {
            chosen = &target;
        }
    }
    if (chosen == nullptr) {
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("there is no such target")));
    }
    int count = 0;
    char** arguments = ArgumentsOf(PG_GETARG_ARRAYTYPE_P(1), &count);
    LLVMFuzzerRunDriver(&count, &arguments, Take);
    PG_RETURN_VOID();
}
