/* cjson.c - a real library: parses, prints and deletes a document. N: how often. */
#include <stdint.h>
#include <stdlib.h>

#include "cJSON.h"

static const char document[] =
	"{\"id\": 1, \"name\": \"A green door\", \"price\": 12.50, \"tags\": [\"home\", \"green\"],"
	" \"stock\": {\"warehouse\": 12, \"retail\": 20}, \"ok\": true, \"gone\": null,"
	" \"sizes\": [1, 2.5, 3e2, -4, 5], \"note\": \"line\\n\\u00e9\\ttab\","
	" \"parts\": [{\"n\": \"hinge\", \"q\": 3}, {\"n\": \"screw\", \"q\": 12}, {\"n\": \"knob\", \"q\": 1}]}";

void work(uint64_t n);

__attribute__((no_instrument_function)) void work(uint64_t n)
{
	while (n--) {
		cJSON *tree = cJSON_Parse(document);
		char *text = cJSON_PrintUnformatted(tree);

		free(text);
		cJSON_Delete(tree);
	}
}
