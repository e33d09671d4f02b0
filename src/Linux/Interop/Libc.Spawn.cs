using System.Runtime.InteropServices;

namespace Dataplane.Linux.Interop;

/// <summary>
/// spawn.h. Everything here is blittable and returns its errno: these run on a thread on which the runtime must do
/// nothing of its own, see <see cref="Processes.SpawnRequest"/>.
/// </summary>
internal static partial class Libc
{
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04;
    internal const short POSIX_SPAWN_SETSIGMASK = 0x08;
    internal const short POSIX_SPAWN_SETSID = 0x80;

    /// <summary>Room for glibc's posix_spawnattr_t (336 bytes), posix_spawn_file_actions_t (80) or sigset_t (128).</summary>
    internal const int SpawnStructureSize = 512;

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn(int* pid, byte* path, void* fileActions, void* attributes, byte** arguments, byte** environment);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawnattr_init(void* attributes);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawnattr_destroy(void* attributes);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawnattr_setflags(void* attributes, short flags);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawnattr_setsigdefault(void* attributes, void* signals);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawnattr_setsigmask(void* attributes, void* signals);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn_file_actions_init(void* actions);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn_file_actions_destroy(void* actions);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn_file_actions_adddup2(void* actions, int descriptor, int newDescriptor);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn_file_actions_addopen(void* actions, int descriptor, byte* path, int flags, uint mode);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn_file_actions_addclose(void* actions, int descriptor);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn_file_actions_addchdir_np(void* actions, byte* path);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn_file_actions_addfchdir_np(void* actions, int directory);

    [LibraryImport(Library)]
    internal static unsafe partial int posix_spawn_file_actions_addclosefrom_np(void* actions, int first);

    /// <summary>signal.h.</summary>
    [LibraryImport(Library)]
    internal static unsafe partial int sigfillset(void* signals);

    [LibraryImport(Library)]
    internal static unsafe partial int sigemptyset(void* signals);
}
