#include "messages.c"
