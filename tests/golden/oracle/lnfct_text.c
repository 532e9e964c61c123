/*
 * lnfct_text - prints recorded ctnetlink messages as libnetfilter_conntrack
 * does. The `text` and `text_all` keys of the golden data in ../ come from this
 * program. The crate needs it neither at build time nor for golden tests.
 *
 * Build with libnetfilter_conntrack 1.1.1 and libmnl:
 *
 *     cc -O1 -Wall -Wextra -o lnfct_text lnfct_text.c \
 *         -lnetfilter_conntrack -lmnl
 *
 * Run:
 *
 *     lnfct_text [--now SECONDS] [--labelmap FILE] [--size BYTES] < lines
 *
 * Input: one netlink message per line (header included), either as plain hex or
 * as a JSON object with a "hex" key. A "now" or "rendered_at" key in the
 * object replaces --now for that line. Integers are in this machine's byte
 * order, as the library expects them.
 *
 * Output: one JSON object per line, in the order of the input:
 *
 *     {"text":"...","text_all":"..."}   conntrack and expectation messages
 *     {}                                any other message
 *     {"error":"exit 1"}                the library ended the process
 *
 * text      what conntrack(8) prints without -o: no flags, no label map
 * text_all  what conntrack(8) prints with -o extended,id,ktimestamp, and with
 *           labels if --labelmap is given (expectations have no flags, so
 *           text_all is the same as text for them)
 *
 * The event prefix ([NEW], [UPDATE], [DESTROY]) is chosen as conntrack(8)
 * chooses it; a message with NLM_F_MULTI is treated as a reply and has none.
 * The output does not contain the parts that conntrack(8) itself adds to the
 * text (-o timestamp, [USERSPACE]).
 *
 * The library's clock is --now, and the time zone is UTC, so that the output
 * depends only on the input.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

static time_t now_value;

/* The library's clock: this definition takes precedence over that of libc. */
time_t time(time_t *t)
{
	if (t)
		*t = now_value;
	return now_value;
}

static void die(const char *what)
{
	fprintf(stderr, "lnfct_text: %s\n", what);
	exit(2);
}

static void put_json(const char *key, const char *s)
{
	printf("\"%s\":\"", key);
	for (; *s; s++) {
		unsigned char c = *s;

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

/*
 * Returns the standard input as one string. It is read to its end before the
 * first fork, so that a child that exits does not change the file position.
 */
static char *slurp(void)
{
	size_t cap = 1 << 16, len = 0, n;
	char *all = malloc(cap);

	while (all && (n = fread(all + len, 1, cap - len - 1, stdin)) > 0) {
		len += n;
		if (cap - len < 2)
			all = realloc(all, cap *= 2);
	}
	if (!all)
		die("out of memory");
	all[len] = 0;
	return all;
}

static int hexdigit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Returns the value of a key of a flat JSON object, or NULL. */
static const char *value_of(const char *line, const char *key)
{
	char quoted[64];
	const char *p;

	snprintf(quoted, sizeof(quoted), "\"%s\"", key);
	p = strstr(line, quoted);
	if (!p)
		return NULL;
	p += strlen(quoted);
	while (*p == ' ' || *p == ':')
		p++;
	return p;
}

static void render_conntrack(const struct nlmsghdr *nlh, size_t size,
			     struct nfct_labelmap *map)
{
	enum nf_conntrack_msg_type type = NFCT_T_UNKNOWN;
	struct nf_conntrack *ct = nfct_new();
	char *buf = calloc(1, size + 1);

	if (!ct || !buf)
		die("out of memory");
	if (nfct_nlmsg_parse(nlh, ct) < 0) {
		printf("{\"error\":\"parse\"}\n");
		return;
	}
	if (!(nlh->nlmsg_flags & NLM_F_MULTI)) {
		if ((nlh->nlmsg_type & 0xff) == 2)
			type = NFCT_T_DESTROY;
		else if (nlh->nlmsg_flags & NLM_F_CREATE)
			type = NFCT_T_NEW;
		else
			type = NFCT_T_UPDATE;
	}
	nfct_snprintf_labels(buf, size, ct, type, NFCT_O_DEFAULT, 0, NULL);
	printf("{");
	put_json("text", buf);
	memset(buf, 0, size);
	nfct_snprintf_labels(buf, size, ct, type, NFCT_O_DEFAULT,
			     NFCT_OF_SHOW_LAYER3 | NFCT_OF_ID |
			     NFCT_OF_TIMESTAMP, map);
	printf(",");
	put_json("text_all", buf);
	printf("}\n");
	nfct_destroy(ct);
	free(buf);
}

static void render_expect(const struct nlmsghdr *nlh, size_t size)
{
	enum nf_conntrack_msg_type type = NFCT_T_UNKNOWN;
	struct nf_expect *exp = nfexp_new();
	char *buf = calloc(1, size + 1);

	if (!exp || !buf)
		die("out of memory");
	if (nfexp_nlmsg_parse(nlh, exp) < 0) {
		printf("{\"error\":\"parse\"}\n");
		return;
	}
	if (!(nlh->nlmsg_flags & NLM_F_MULTI)) {
		if ((nlh->nlmsg_type & 0xff) == 2)
			type = NFCT_T_DESTROY;
		else if (nlh->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL))
			type = NFCT_T_NEW;
		else
			type = NFCT_T_UPDATE;
	}
	nfexp_snprintf(buf, size, exp, type, NFCT_O_DEFAULT, 0);
	printf("{");
	put_json("text", buf);
	printf(",");
	put_json("text_all", buf);
	printf("}\n");
	nfexp_destroy(exp);
	free(buf);
}

static void render(const uint8_t *msg, size_t len, size_t size,
		   struct nfct_labelmap *map)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)msg;

	if (len < sizeof(*nlh) + 4 || nlh->nlmsg_len != len) {
		printf("{\"error\":\"length\"}\n");
		return;
	}
	switch (nlh->nlmsg_type) {
	case 0x100:
	case 0x102:
		render_conntrack(nlh, size, map);
		break;
	case 0x200:
	case 0x202:
		render_expect(nlh, size);
		break;
	default:
		printf("{}\n");
	}
}

int main(int argc, char **argv)
{
	struct nfct_labelmap *map = NULL;
	time_t default_now = 0;
	char *line, *next, *all;
	size_t size = 1024;
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--now")) {
			default_now = strtoll(argv[i + 1], NULL, 10);
		} else if (!strcmp(argv[i], "--size")) {
			size = strtoul(argv[i + 1], NULL, 10);
		} else if (!strcmp(argv[i], "--labelmap")) {
			map = nfct_labelmap_new(argv[i + 1]);
			if (!map)
				die("cannot read the label map");
		} else {
			die("unknown option");
		}
	}
	if (i != argc)
		die("option without a value");
	setenv("TZ", "UTC", 1);
	tzset();

	all = slurp();
	for (line = all; *line; line = next) {
		size_t n = strcspn(line, "\n"), len = 0;
		/* The message is aligned to 8 bytes, like a socket buffer. */
		uint8_t *msg = calloc(1, n / 2 + 16);
		const char *hex = line, *v;
		int status;
		pid_t pid;

		if (!msg)
			die("out of memory");
		next = line + n + (line[n] == '\n');
		line[n] = 0;
		now_value = default_now;
		if (line[0] == '{') {
			hex = value_of(line, "hex");
			if (!hex || *hex++ != '"')
				die("line without a hex key");
			v = value_of(line, "now");
			if (!v)
				v = value_of(line, "rendered_at");
			if (v)
				now_value = strtoll(v, NULL, 10);
		}
		while (hexdigit(hex[0]) >= 0 && hexdigit(hex[1]) >= 0) {
			msg[len++] = hexdigit(hex[0]) * 16 + hexdigit(hex[1]);
			hex += 2;
		}
		/* Each message gets a child process, because the library exits on some. */
		fflush(stdout);
		pid = fork();
		if (pid < 0)
			die(strerror(errno));
		if (pid == 0) {
			render(msg, len, size, map);
			exit(0);
		}
		if (waitpid(pid, &status, 0) < 0)
			die(strerror(errno));
		if (WIFSIGNALED(status))
			printf("{\"error\":\"signal %d\"}\n", WTERMSIG(status));
		else if (WEXITSTATUS(status))
			printf("{\"error\":\"exit %d\"}\n", WEXITSTATUS(status));
		free(msg);
	}
	free(all);
	return 0;
}
