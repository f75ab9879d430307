/* SPDX-License-Identifier: MIT */
/*
 * The PE parser under libFuzzer: `make fuzz-pe`.  A file that is accepted is
 * mapped and used as a loader would.
 */
#include "image.h"
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *Count, char ***Arguments);
int LLVMFuzzerTestOneInput(const UCHAR *Data, size_t Size);

/* Chance would not find a valid image: put one into the corpus, the last argument. */
int LLVMFuzzerInitialize(int *Count, char ***Arguments)
{
    UCHAR *File = HostBuildImage();
    char Name[256];
    FILE *Seed;

    snprintf(Name, sizeof(Name), "%s/valid", (*Arguments)[*Count - 1]);
    Seed = fopen(Name, "wb");
    if (Seed != NULL) {
        fwrite(File, 1, HOST_FILE_SIZE, Seed);
        fclose(Seed);
    }
    free(File);
    return 0;
}

int LLVMFuzzerTestOneInput(const UCHAR *Data, size_t Size)
{
    UCHAR *File = malloc(Size != 0 ? Size : 1); /* aligned, unlike Data */
    PE_IMAGE Image;

    memcpy(File, Data, Size);
    if (NT_SUCCESS(LdrParseImage(File, Size, &Image))) {
        UCHAR *Base = HostMapImage(File, &Image);

        if (Base != NULL) {
            HostExerciseImage(Base, Image.SizeOfImage);
            free(Base);
        }
    }
    free(File);
    return 0;
}
