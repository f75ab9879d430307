/* SPDX-License-Identifier: MIT */
/*
 * The cpio parser under libFuzzer: `make fuzz-cpio`.
 */
#include "archive.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *Count, char ***Arguments);
int LLVMFuzzerTestOneInput(const UCHAR *Data, size_t Size);

/* Chance would not find a valid archive: put one into the corpus, the last argument. */
int LLVMFuzzerInitialize(int *Count, char ***Arguments)
{
    HOST_ARCHIVE Archive;
    char Name[256];
    FILE *Seed;

    HostBuildArchive(&Archive);
    snprintf(Name, sizeof(Name), "%s/archive", (*Arguments)[*Count - 1]);
    Seed = fopen(Name, "wb");
    if (Seed != NULL) {
        fwrite(Archive.Bytes, 1, Archive.Size, Seed);
        fclose(Seed);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const UCHAR *Data, size_t Size)
{
    CPIO_READER Reader;
    CPIO_MEMBER Member;
    volatile UCHAR Seen = 0;

    IopInitializeCpio(&Reader, Data, (ULONG)Size);
    while (IopNextCpioMember(&Reader, &Member) == STATUS_SUCCESS) {
        Seen ^= (UCHAR)Member.Name[Member.NameLength - 1];
        Seen ^= Member.DataSize != 0 ? Member.Data[Member.DataSize - 1] : 0;
    }
    if (Reader.ProblemOffset > Size) {
        abort();
    }
    return 0;
}
