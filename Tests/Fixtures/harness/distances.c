/* The distance of each two lines of standard input, a line each. */
#include "edit_distance.h"

#include <stdio.h>

static int read_word(char *word, int size)
{
    if (!fgets(word, size, stdin))
        return 0;
    word[strcspn(word, "\n")] = '\0';
    return 1;
}

int main(void)
{
    char a[256], b[256];
    while (read_word(a, sizeof a) && read_word(b, sizeof b))
        printf("%d\n", edit_distance(a, b));
    return 0;
}
