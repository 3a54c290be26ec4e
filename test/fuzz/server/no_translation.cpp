// Messages stay as they are. The C library's bindtextdomain() waits for ever in a server into which
// a sanitizer is preloaded, so this library is preloaded too.
extern "C" {
#define SHOWN __attribute__((visibility("default")))
SHOWN char* bindtextdomain(const char*, char* folder) { return folder; }
SHOWN char* bind_textdomain_codeset(const char*, char* codeset) { return codeset; }
SHOWN char* textdomain(char* domain) { return domain; }
SHOWN char* gettext(char* text) { return text; }
SHOWN char* dgettext(const char*, char* text) { return text; }
SHOWN char* dcgettext(const char*, char* text, int) { return text; }
SHOWN char* ngettext(char* one, char* many, unsigned long count) { return count == 1 ? one : many; }
SHOWN char* dngettext(const char*, char* one, char* many, unsigned long count) {
    return count == 1 ? one : many;
}
}
