#include "cli/show_tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/glob.h"
#include "base/map.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/show_name.h"
#include "cli/show_value.h"

#define NO_NODE SIZE_MAX
#define VALUE_WIDTH 40
#define MAX_GUIDES 32 /* levels drawn; deeper ones are numbered, a line has an end */

/* A line to be: a call, or a mark between calls. Children follow their parent. */
struct node {
	size_t end; /* behind its last descendant */
	uint32_t level;
	uint32_t function, site;
	uint32_t iteration; /* begins here; 0: no */
	uint32_t phase;
	uint64_t count; /* folded into this line */
	uint64_t start, duration;
	uint64_t below; /* calls left out by the depth limit */
	const char *text; /* of a mark, or `through` */
	const char *arguments, *returned; /* as they are shown, or NULL */
	uint64_t values; /* hash of all of them, for folding */
	uint8_t mark; /* enum ct_extended, or 0: a call */
	uint8_t ended;
	bool unseen;  /* its beginning */
	bool continued; /* it began, and was left, before */
	bool context; /* only here because it leads to what was asked for */
};

/* A call that is open in the walk; its line may not exist (yet). */
struct open_call {
	struct ct_trace_call call;
	size_t node;       /* its line, or NO_NODE */
	size_t last_child; /* for folding */
	uint32_t level;   /* calls around it that are not hidden */
	bool hidden;      /* a system function, and those are not to be shown */
	bool matches;
	bool starts_iteration;
	bool has_arguments, unknown_arguments;
};

struct show {
	const struct ct_show_style *style;
	const struct ct_show_filter *filter;
	const struct ct_trace_function *functions;
	const struct ct_trace_site *sites;
	bool *wanted; /* by function: matches the filter; NULL: no filter */
	bool *hidden; /* by function: the system's; NULL: all are shown */
	struct node *nodes;
	size_t count, capacity;
	struct open_call *open;
	struct ct_text *arguments; /* of the open calls, JSON */
	size_t open_count, open_capacity;
	size_t last_root;
	uint32_t matching; /* open calls that match */
	uint32_t limit;    /* levels to show, counted from the outermost of these */
	uint32_t iteration;
	uint64_t shown;
	struct ct_arena arena;
	struct ct_map known; /* values that are shown, each once */
	const char **texts;
	struct ct_text scratch;
	FILE *out;
};

/* --- collecting --- */

static size_t add_node(struct show *s, const struct node *node)
{
	if (s->count == s->capacity) {
		s->capacity = s->capacity ? s->capacity * 2 : 256;
		s->nodes = ct_realloc(s->nodes, s->capacity * sizeof *s->nodes);
	}
	s->nodes[s->count] = *node;
	s->nodes[s->count].end = s->count + 1;
	return s->count++;
}

static void add_call(struct show *s, struct open_call *o, bool context)
{
	const struct ct_trace_call *c = &o->call;

	o->node = add_node(s, &(struct node){
		.level = o->level, .function = c->function, .site = c->site, .phase = c->phase,
		.iteration = o->starts_iteration ? c->iteration : 0, .count = 1, .start = c->start,
		.text = c->through, .context = context });
}

static struct open_call *push(struct show *s, const struct ct_trace_call *call)
{
	struct open_call *o;

	if (s->open_count == s->open_capacity) {
		size_t old = s->open_capacity;

		s->open_capacity = old ? old * 2 : 64;
		s->open = ct_realloc(s->open, s->open_capacity * sizeof *s->open);
		s->arguments = ct_realloc(s->arguments, s->open_capacity * sizeof *s->arguments);
		memset(s->arguments + old, 0, (s->open_capacity - old) * sizeof *s->arguments);
	}
	o = &s->open[s->open_count++];
	*o = (struct open_call){ .call = *call, .node = NO_NODE, .last_child = NO_NODE };
	if (s->open_count > 1)
		o->level = o[-1].level + !o[-1].hidden;
	o->hidden = s->hidden && s->hidden[call->function];
	o->matches = !o->hidden && (!s->wanted || s->wanted[call->function]);
	o->starts_iteration = call->iteration && call->iteration != s->iteration;
	o->has_arguments = call->arguments != NULL;
	o->unknown_arguments = call->arguments_unavailable != NULL;
	if (call->arguments) { /* they are shown when the call has ended */
		ct_text_clear(&s->arguments[s->open_count - 1]);
		ct_text_add(&s->arguments[s->open_count - 1], call->arguments);
	}
	return o;
}

static bool in_phase(const struct show *s, uint32_t phase)
{
	return s->filter->phase == UINT32_MAX || s->filter->phase == phase;
}

/* The line of the innermost of `count` open calls that has one. */
static size_t shown_around(const struct show *s, size_t count)
{
	while (count > 0 && s->open[count - 1].node == NO_NODE)
		count--;
	return count ? s->open[count - 1].node : NO_NODE;
}

static bool on_enter(const struct ct_trace_call *call, void *user)
{
	struct show *s = user;
	struct open_call *o = push(s, call);

	s->iteration = call->iteration;
	if (o->matches && s->matching++ == 0)
		s->limit = o->level < UINT32_MAX - s->filter->depth ? o->level + s->filter->depth
		                                                    : UINT32_MAX;
	if (!s->matching || o->hidden || !in_phase(s, call->phase))
		return true;
	if (o->level >= s->limit) {
		s->nodes[shown_around(s, s->open_count - 1)].below += !call->continued;
		return true;
	}
	for (size_t i = 0; i + 1 < s->open_count; i++)
		if (s->open[i].node == NO_NODE && !s->open[i].hidden)
			add_call(s, &s->open[i], true);
	add_call(s, &s->open[s->open_count - 1], false);
	return true;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Two calls on one source line look the same to people. */
static bool same_place(const struct show *s, uint32_t a, uint32_t b)
{
	return a == b || (a != CT_NO_ROW && b != CT_NO_ROW && s->sites[a].line == s->sites[b].line
	                  && same_text(s->sites[a].file, s->sites[b].file));
}

static bool same_line(const struct show *s, const struct node *a, const struct node *b)
{
	return a->level == b->level && a->function == b->function && same_place(s, a->site, b->site)
	       && a->mark == b->mark && a->ended == b->ended && a->below == b->below
	       && a->unseen == b->unseen && a->continued == b->continued && a->values == b->values && a->phase == b->phase && !a->iteration && !b->iteration
	       && same_text(a->text, b->text);
}

/* Whether two neighbours look the same, all that is below them included. */
static bool same_tree(const struct show *s, size_t a, size_t b, size_t end)
{
	if (b - a != end - b)
		return false;
	for (size_t i = 0; a + i < b; i++)
		if (!same_line(s, &s->nodes[a + i], &s->nodes[b + i])
		    || (i > 0 && s->nodes[a + i].count != s->nodes[b + i].count))
			return false;
	return true;
}

/* A call that ended joins the line before it, where the two would differ in time only. */
static void fold(struct show *s, size_t before, size_t node)
{
	if (!same_tree(s, before, node, s->count))
		return;
	s->nodes[before].count++;
	for (size_t i = 0; before + i < node; i++)
		s->nodes[before + i].duration += s->nodes[node + i].duration;
	s->count = node;
}

/* --- values --- */

static const char *keep_text(struct show *s, const char *text, size_t length)
{
	uint32_t count = s->known.count, at;
	bool added;

	at = ct_map_add(&s->known, text, length, count, &added);
	if (added) {
		if ((count & (count - 1)) == 0)
			s->texts = ct_realloc(s->texts, (count ? count * 2 : 1) * sizeof *s->texts);
		s->texts[at] = ct_arena_strndup(&s->arena, text, length);
	}
	return s->texts[at];
}

/* The call's values, in `scratch`: its arguments, and from what is returned on what it returned. */
static size_t render_values(struct show *s, const struct open_call *o, const struct ct_trace_call *call,
                            const struct ct_show_values *style)
{
	struct ct_text *text = &s->scratch;
	size_t arguments;

	ct_text_clear(text);
	ct_text_add(text, "");
	if (o->has_arguments)
		ct_show_arguments(text, style, s->functions[o->call.function].name, s->arguments[o - s->open].data,
		                  call->arguments_after, o->call.variadic);
	else if (o->unknown_arguments)
		ct_text_add(text, "(?)");
	arguments = text->length;
	if (call->return_value && call->ended == CT_CALL_RETURNED)
		ct_show_returned(text, style, call->return_value);
	return arguments;
}

static void add_values(struct show *s, const struct open_call *o, const struct ct_trace_call *call,
                       struct node *node)
{
	struct ct_show_values style = { .unicode = s->style->unicode, .addresses = !s->style->plain };
	size_t n = render_values(s, o, call, &style); /* all of it: lines that look alike may differ */

	if (!s->scratch.length)
		return;
	node->values = ct_hash(s->scratch.data, s->scratch.length, n);
	if (!s->style->plain) {
		style.width = VALUE_WIDTH;
		n = render_values(s, o, call, &style);
	}
	if (n)
		node->arguments = keep_text(s, s->scratch.data, n);
	if (s->scratch.length > n)
		node->returned = keep_text(s, s->scratch.data + n, s->scratch.length - n);
}

static bool on_leave(const struct ct_trace_call *call, void *user)
{
	struct show *s = user;
	struct open_call *o = &s->open[--s->open_count];
	size_t *before = &s->last_root;
	struct node *node;

	for (size_t i = s->open_count; i > 0 && before == &s->last_root; i--)
		if (!s->open[i - 1].hidden)
			before = &s->open[i - 1].last_child;
	s->matching -= o->matches;
	if (o->node == NO_NODE)
		return true;
	node = &s->nodes[o->node];
	node->end = s->count;
	node->duration = call->end - call->start;
	node->ended = (uint8_t) call->ended;
	node->unseen = call->unseen;
	node->continued = call->continued;
	node->below += call->truncated;
	if (!s->style->no_values)
		add_values(s, o, call, node);
	s->shown += !node->context;
	if (s->style->fold && *before != NO_NODE && s->nodes[*before].end == o->node) {
		size_t old = s->count;

		fold(s, *before, o->node);
		if (s->count != old)
			return true;
	}
	*before = o->node;
	return true;
}

static bool on_mark(enum ct_extended kind, uint64_t time, const char *text, uint32_t depth,
                    void *user)
{
	struct show *s = user;
	size_t around = depth < s->open_count ? depth : s->open_count;
	uint32_t level;

	while (around > 0 && s->open[around - 1].hidden)
		around--;
	level = around ? s->open[around - 1].level + 1 : 0;
	/* What belongs to a call goes where that call went. */
	if (around ? s->open[around - 1].node == NO_NODE || s->nodes[s->open[around - 1].node].context
	                     || level >= s->limit
	           : s->wanted || s->filter->phase != UINT32_MAX)
		return true;
	add_node(s, &(struct node){ .level = level, .mark = (uint8_t) kind, .start = time, .count = 1,
		                    .phase = around ? s->open[around - 1].call.phase : 0,
		                    .text = text ? ct_arena_strdup(&s->arena, text) : NULL });
	return true;
}

/* --- lines --- */

const char *ct_show_begin(const struct ct_show_style *style, enum ct_show_colour colour)
{
	static const char *const codes[] = { "", "\033[2m", "\033[1m", "\033[31m", "\033[32m",
		                             "\033[33m" };

	return style->colour ? codes[colour] : "";
}

const char *ct_show_end(const struct ct_show_style *style, enum ct_show_colour colour)
{
	return style->colour && colour != CT_SHOW_NONE ? "\033[0m" : "";
}

const char *ct_show_duration(char *text, uint64_t ns, bool unicode)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = (double) ns;
	unsigned unit = 0;

	while (unit < 3 && value >= 999.95) {
		value /= 1000;
		unit++;
	}
	snprintf(text, 24, unit ? "%.1f %s" : "%.0f %s", value,
	         unit == 1 && unicode ? "\302\265s" : units[unit]);
	return text;
}

struct line {
	const struct show *show;
	struct ct_text text;
	unsigned width; /* without colours */
};

static void add(struct line *l, enum ct_show_colour colour, const char *text)
{
	ct_text_add(&l->text, ct_show_begin(l->show->style, colour));
	ct_utf8_add_visible(&l->text, text);
	ct_text_add(&l->text, ct_show_end(l->show->style, colour));
	l->width += ct_show_width(text);
}

static void pad_to(struct line *l, unsigned column)
{
	do
		ct_text_add_char(&l->text, ' ');
	while (++l->width < column);
}

static void add_guides(struct line *l, const bool *more, uint32_t level)
{
	bool unicode = l->show->style->unicode;
	char number[16];

	if (level > MAX_GUIDES) {
		snprintf(number, sizeof number, "%u ", level);
		for (uint32_t i = 1; i < MAX_GUIDES; i++)
			add(l, CT_SHOW_DIM, i % 8 ? "   " : unicode ? "┊  " : ":  ");
		add(l, CT_SHOW_DIM, number);
		return;
	}
	for (uint32_t i = 1; i < level; i++)
		add(l, CT_SHOW_DIM, !more[i] ? "   " : unicode ? "│  " : "|  ");
	if (level)
		add(l, CT_SHOW_DIM, unicode ? (more[level] ? "├─ " : "└─ ") : more[level] ? "|- " : "`- ");
}

static void add_name(struct line *l, const struct node *n)
{
	const struct ct_show_style *style = l->show->style;
	unsigned room = style->column > l->width + 24 ? style->column - l->width : 24;
	struct ct_text name = {0};

	room = style->plain || style->full_names ? 0 : room;
	if (n->arguments)
		ct_show_bare_name(&name, l->show->functions[n->function].name, room);
	else
		ct_show_name(&name, l->show->functions[n->function].name, room);
	add(l, n->context ? CT_SHOW_DIM : CT_SHOW_NONE, name.data);
	ct_text_deinit(&name);
	if (n->arguments)
		add(l, n->context ? CT_SHOW_DIM : CT_SHOW_NONE, n->arguments);
	if (n->returned) {
		add(l, CT_SHOW_NONE, " -> ");
		add(l, CT_SHOW_NONE, n->returned);
	}
}

static void add_count(struct line *l, enum ct_show_colour colour, const char *before, uint64_t n,
                      const char *behind)
{
	struct ct_text text = {0};

	ct_text_addf(&text, "%s%llu%s", before, (unsigned long long) n, behind);
	add(l, colour, text.data);
	ct_text_deinit(&text);
}

static void add_ending(struct line *l, const struct node *n)
{
	static const struct {
		enum ct_show_colour colour;
		const char *unicode, *ascii, *plain;
	} endings[] = {
		[CT_CALL_UNWOUND] = { CT_SHOW_RED, " ✗ left by longjmp", " ! left by longjmp", " [unwound]" },
		[CT_CALL_OPEN] = { CT_SHOW_YELLOW, " … still open", " ... still open", " [open]" },
		[CT_CALL_UNSEEN] = { CT_SHOW_YELLOW, " ? end not recorded", " ? end not recorded", " [unseen]" },
		[CT_CALL_SWITCHED] = { CT_SHOW_DIM, " ⇄ switched away", " ... switched away", " [switched]" },
	};
	const struct ct_show_style *style = l->show->style;

	if (n->ended == CT_CALL_RETURNED)
		return;
	add(l, endings[n->ended].colour, style->plain     ? endings[n->ended].plain
	                                 : style->unicode ? endings[n->ended].unicode
	                                                  : endings[n->ended].ascii);
}

static void add_notes(struct line *l, const struct node *n)
{
	const struct ct_show_style *style = l->show->style;

	if (n->count > 1)
		add_count(l, CT_SHOW_YELLOW, style->unicode && !style->plain ? " ×" : " x", n->count, "");
	if (n->iteration)
		add_count(l, CT_SHOW_DIM, style->plain ? " [iteration " : " iteration ", n->iteration,
		          style->plain ? "]" : "");
	if (n->unseen)
		add(l, CT_SHOW_YELLOW, style->plain ? " [began unseen]" : " ? beginning not recorded");
	if (n->continued)
		add(l, CT_SHOW_DIM, style->plain ? " [continued]" : style->unicode ? " ↻ continued" : " continued");
	add_ending(l, n);
	if (n->below)
		add_count(l, CT_SHOW_DIM, style->plain ? " [" : style->unicode ? " … " : " ... ", n->below,
		          style->plain ? " below]" : n->below == 1 ? " call below" : " calls below");
}

static void add_place(struct line *l, const struct node *n)
{
	const struct show *s = l->show;
	const struct ct_trace_function *f = &s->functions[n->function];
	const char *file = n->site != CT_NO_ROW ? s->sites[n->site].file : n->level ? NULL : f->file;
	uint32_t line = n->site != CT_NO_ROW ? s->sites[n->site].line : f->line;
	struct ct_text text = {0};

	ct_text_add(&text, "");
	if (file && line)
		ct_text_addf(&text, "  %s:%u", ct_basename(file), line);
	if (n->text)
		ct_text_addf(&text, "  via %s", n->text);
	add(l, CT_SHOW_DIM, text.data);
	ct_text_deinit(&text);
}

static void add_times(struct line *l, const struct node *n)
{
	unsigned width;
	char text[24];

	if (n->ended == CT_CALL_UNSEEN || n->unseen)
		text[0] = '\0';
	else
		ct_show_duration(text, n->duration, l->show->style->unicode);
	width = ct_show_width(text);
	pad_to(l, l->show->style->column + (width < 9 ? 9 - width : 0));
	add(l, CT_SHOW_DIM, text);
}

static void add_mark(struct line *l, const struct node *n)
{
	const struct ct_show_style *style = l->show->style;
	bool fatal = n->text && strcmp(n->text, "fatal") == 0;

	switch (n->mark) {
	case CT_FAILURE:
		add(l, CT_SHOW_RED, style->plain ? "[assertion failed" : style->unicode ? "✗ assertion failed"
		                                                                       : "! assertion failed");
		add(l, CT_SHOW_RED, fatal ? " (fatal)" : "");
		add(l, CT_SHOW_RED, style->plain ? "]" : "");
		break;
	case CT_PAUSE:
		add(l, CT_SHOW_YELLOW, style->plain ? "[pause]" : "recording paused");
		break;
	case CT_MISSING:
		add(l, CT_SHOW_YELLOW, style->plain ? "[missing]" : style->unicode ? "⋯ calls are missing here"
		                                                                   : "... calls are missing here");
		break;
	case CT_RESUME:
		add(l, CT_SHOW_YELLOW, style->plain ? "[resume]" : "recording resumed");
		break;
	default:
		add(l, CT_SHOW_YELLOW, style->plain ? "[" : style->unicode ? "✎ " : "# ");
		add(l, CT_SHOW_YELLOW, n->text ? n->text : "");
		add(l, CT_SHOW_YELLOW, style->plain ? "]" : "");
		break;
	}
}

static void print_node(const struct show *s, const struct node *n, const bool *more)
{
	const struct ct_show_style *style = s->style;
	struct line l = { .show = s };
	char start[24];

	ct_text_add(&l.text, "");
	if (style->times && !style->plain) {
		snprintf(start, sizeof start, "%12.3f  ", (double) n->start / 1e6);
		add(&l, CT_SHOW_DIM, start);
	}
	if (style->plain)
		for (uint32_t i = 0; i < n->level; i++)
			add(&l, CT_SHOW_NONE, "  ");
	else
		add_guides(&l, more, n->level);
	if (n->mark) {
		add_mark(&l, n);
	} else {
		add_name(&l, n);
		add_notes(&l, n);
	}
	if (!n->mark && !style->plain) {
		add_times(&l, n);
		add_place(&l, n);
	}
	while (l.text.length && l.text.data[l.text.length - 1] == ' ')
		l.text.length--;
	fwrite(l.text.data, 1, l.text.length, s->out);
	fputc('\n', s->out);
	ct_text_deinit(&l.text);
}

/* Whether anything follows at this node's level under the same parent. */
static bool has_sibling(const struct show *s, const struct node *n)
{
	return n->end < s->count && s->nodes[n->end].level == n->level;
}

static void print_phase(const struct show *s, uint32_t phase)
{
	if (phase != CT_PHASE_PROGRAM && !s->style->plain)
		fprintf(s->out, "%s%s:%s\n", ct_show_begin(s->style, CT_SHOW_DIM), ct_phase_name(phase),
		        ct_show_end(s->style, CT_SHOW_DIM));
}

static void print_all(const struct show *s)
{
	bool more[MAX_GUIDES + 1] = {0};
	uint32_t phase = UINT32_MAX;

	for (size_t i = 0; i < s->count; i++) {
		const struct node *n = &s->nodes[i];

		if (n->level == 0 && !n->mark && n->phase != phase)
			print_phase(s, phase = n->phase);
		if (n->level <= MAX_GUIDES)
			more[n->level] = has_sibling(s, n);
		print_node(s, n, more);
	}
}

/* "ns::f(int)" matches "ns::f" too. */
static bool function_matches(const char *glob, const char *name)
{
	ct_auto_free char *bare = NULL;

	if (ct_glob(glob, name))
		return true;
	if (!strchr(name, '('))
		return false;
	bare = ct_strdup(name);
	*strchr(bare, '(') = '\0';
	return bare[0] && ct_glob(glob, bare);
}

static bool is_system(const struct ct_trace_function *f)
{
	return f->file && (strncmp(f->file, "/usr/include/", 13) == 0 || strncmp(f->file, "/usr/lib/", 9) == 0);
}

static void match_functions(struct show *s, struct ct_trace *trace)
{
	size_t count;

	s->functions = ct_trace_functions(trace, &count);
	if (s->filter->function)
		s->wanted = ct_calloc(count + 1, sizeof *s->wanted);
	if (s->filter->no_system)
		s->hidden = ct_calloc(count + 1, sizeof *s->hidden);
	for (size_t i = 0; i < count; i++) {
		if (s->wanted)
			s->wanted[i] = function_matches(s->filter->function, s->functions[i].name);
		if (s->hidden)
			s->hidden[i] = is_system(&s->functions[i]);
	}
}

bool ct_show_thread(struct ct_trace *trace, uint32_t thread, const struct ct_show_style *style,
                    const struct ct_show_filter *filter, FILE *out, uint64_t *shown,
                    struct ct_error *err)
{
	const struct ct_walker walker = { .enter = on_enter, .leave = on_leave, .mark = on_mark,
	                                  .values = !style->no_values };
	struct show s = { .style = style, .filter = filter, .last_root = NO_NODE, .out = out };
	size_t count;
	bool ok;

	s.sites = ct_trace_sites(trace, &count);
	match_functions(&s, trace);
	ok = ct_trace_walk(trace, thread, &walker, &s, err);
	print_all(&s);
	*shown = s.shown;
	free(s.wanted);
	free(s.hidden);
	free(s.nodes);
	for (size_t i = 0; i < s.open_capacity; i++)
		ct_text_deinit(&s.arguments[i]);
	free(s.arguments);
	free(s.open);
	free(s.texts);
	ct_map_deinit(&s.known);
	ct_text_deinit(&s.scratch);
	ct_arena_deinit(&s.arena);
	return ok;
}
