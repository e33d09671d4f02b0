using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Dataplane.Linux.Interop;

namespace Dataplane.Linux.Processes;

/// <summary>
/// posix_spawn(3) with everything laid out in native memory beforehand. fork is not possible in a managed process: the
/// child would hold one thread of a runtime that needs its others. posix_spawn's child runs only the C library's code
/// between vfork and execve.
/// </summary>
/// <remarks>
/// A thread that has unshared its PID namespace can no longer create threads (clone with CLONE_THREAD fails with EINVAL,
/// kernel/fork.c), and the runtime may create one on any thread: a pool worker, the tiered compiler's. So
/// <see cref="RunInPidNamespace"/> is compiled ahead, is never re-compiled, and does two blittable calls.
/// </remarks>
internal sealed unsafe class SpawnRequest : IDisposable
{
    private const int ReadWriteMode = 0x1A4;

    /// <summary>For <see cref="RunInPidNamespace"/>: a new PID namespace.</summary>
    internal const int NewNamespace = -1;

    /// <summary>For <see cref="RunInPidNamespace"/>: the calling thread's own.</summary>
    internal const int SameNamespace = -2;

    private const int MostCalls = 64;

    private readonly List<nint> _allocations = [];
    private readonly List<string> _callNames = [];
    private readonly PreparedCall* _calls;
    private readonly void* _actions;
    private readonly void* _attributes;
    private byte* _path;
    private byte** _arguments;
    private byte** _environment;

    internal SpawnRequest()
    {
        _actions = Allocate(Libc.SpawnStructureSize);
        _attributes = Allocate(Libc.SpawnStructureSize);
        _calls = (PreparedCall*)Allocate(MostCalls * sizeof(PreparedCall));
        var signals = Allocate(Libc.SpawnStructureSize);
        Libc.posix_spawn_file_actions_init(_actions);
        Libc.posix_spawnattr_init(_attributes);
        Libc.sigfillset(signals);
        Libc.posix_spawnattr_setsigdefault(_attributes, signals);
        Libc.sigemptyset(signals);
        Libc.posix_spawnattr_setsigmask(_attributes, signals);
        Libc.posix_spawnattr_setflags(
            _attributes, Libc.POSIX_SPAWN_SETSIGDEF | Libc.POSIX_SPAWN_SETSIGMASK | Libc.POSIX_SPAWN_SETSID);
    }

    internal int Pid { get; private set; }

    private int CallCount { get; set; }

    private int FailedCall { get; set; } = -1;

    /// <summary>What could not be done before the spawn, after a negative result.</summary>
    internal string FailedStep => FailedCall < 0 ? "enter PID namespace" : _callNames[FailedCall];

    /// <summary>A system call that the spawning thread makes, after the others, between entering the PID namespace and the spawn.</summary>
    internal void Call(string name, long number, nint a = 0, nint b = 0, nint c = 0)
    {
        _calls[CallCount++] = new PreparedCall { Number = number, A = a, B = b, C = c };
        _callNames.Add(name);
    }

    /// <summary>A copy that stays where it is until the request is disposed.</summary>
    internal nint Memory(ReadOnlySpan<byte> bytes)
    {
        var memory = Allocate(bytes.Length);
        bytes.CopyTo(new Span<byte>(memory, bytes.Length));
        return (nint)memory;
    }

    internal void Program(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        _path = Text(path);
        _arguments = Texts(arguments);
        _environment = Texts(environment);
    }

    /// <summary>Actions are carried out by the child in the order they were added.</summary>
    internal void Open(int descriptor, string path, int flags) =>
        Libc.posix_spawn_file_actions_addopen(_actions, descriptor, Text(path), flags, ReadWriteMode);

    internal void Duplicate(SafeHandle handle, int descriptor) =>
        Libc.posix_spawn_file_actions_adddup2(_actions, (int)handle.DangerousGetHandle(), descriptor);

    internal void Close(int descriptor) => Libc.posix_spawn_file_actions_addclose(_actions, descriptor);

    internal void ChangeDirectory(string path) => Libc.posix_spawn_file_actions_addchdir_np(_actions, Text(path));

    internal void ChangeDirectory(SafeHandle directory) =>
        Libc.posix_spawn_file_actions_addfchdir_np(_actions, (int)directory.DangerousGetHandle());

    /// <summary>Standard streams, then nothing else: a descriptor that somebody left without close-on-exec stays out of the child.</summary>
    internal void Streams(ProgramStreams streams)
    {
        Stream(streams.Input, 0, Libc.O_RDONLY);
        Stream(streams.Output, 1, Libc.O_WRONLY);
        Stream(streams.Error, 2, Libc.O_WRONLY);
        Libc.posix_spawn_file_actions_addclosefrom_np(_actions, 3);

        void Stream(SafeHandle? handle, int descriptor, int flags)
        {
            if (handle is null)
            {
                Open(descriptor, "/dev/null", flags);
            }
            else
            {
                Duplicate(handle, descriptor);
            }
        }
    }

    /// <summary>/dev/null for all three, what was put up to <paramref name="end"/>, and nothing else.</summary>
    internal void StandardStreams(int end)
    {
        Open(0, "/dev/null", Libc.O_RDONLY);
        Open(1, "/dev/null", Libc.O_WRONLY);
        Open(2, "/dev/null", Libc.O_WRONLY);
        Libc.posix_spawn_file_actions_addclosefrom_np(_actions, end);
    }

    /// <summary>
    /// A terminal as all three standard streams, then nothing else. The child is a session leader without a terminal, so opening
    /// one makes it its controlling terminal (tty(4)); posix_spawn has no other way.
    /// </summary>
    internal void TerminalStreams(Terminal terminal)
    {
        Open(0, terminal.Path, Libc.O_RDWR);
        Libc.posix_spawn_file_actions_adddup2(_actions, 0, 1);
        Libc.posix_spawn_file_actions_adddup2(_actions, 0, 2);
        Libc.posix_spawn_file_actions_addclosefrom_np(_actions, 3);
    }

    /// <summary>Spawns with the calling thread's namespaces; 0 or an errno.</summary>
    internal int Run()
    {
        int pid;
        var errno = Libc.posix_spawn(&pid, _path, _actions, _attributes, _arguments, _environment);
        Pid = pid;
        return errno;
    }

    /// <summary>
    /// Spawns PID 1 of a new PID namespace, a member of the one that a pidfd stands for, or one of the thread's own, after the
    /// prepared calls. 0 or an errno; minus the errno when <see cref="FailedStep"/> was refused. The calling thread must end afterwards.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal int RunInPidNamespace(int processNamespace)
    {
        int pid;
        var entered = processNamespace == SameNamespace ? 0
            : processNamespace == NewNamespace ? Libc.unshare_bare(Libc.CLONE_NEWPID)
            : Libc.setns_bare(processNamespace, Libc.CLONE_NEWPID);
        if (entered != 0)
        {
            return -Marshal.GetLastSystemError();
        }

        for (var i = 0; i < CallCount; i++)
        {
            var call = _calls + i;
            if (Libc.syscall_bare(call->Number, call->A, call->B, call->C, 0, 0) < 0)
            {
                FailedCall = i;
                return -Marshal.GetLastSystemError();
            }
        }

        var errno = Libc.posix_spawn(&pid, _path, _actions, _attributes, _arguments, _environment);
        Pid = pid;
        return errno;
    }

    /// <summary>Compiles the critical method and binds its calls, none of which may happen on the thread that uses it.</summary>
    internal static void Prepare()
    {
        var method = typeof(SpawnRequest).GetMethod(
            nameof(RunInPidNamespace), System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!;
        RuntimeHelpers.PrepareMethod(method.MethodHandle);
        foreach (var name in (ReadOnlySpan<string>)["posix_spawn", "unshare_bare", "setns_bare", "syscall_bare"])
        {
            Marshal.Prelink(typeof(Libc).GetMethod(name, System.Reflection.BindingFlags.Static | System.Reflection.BindingFlags.NonPublic)!);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_allocations.Count == 0)
        {
            return;
        }

        Libc.posix_spawn_file_actions_destroy(_actions);
        Libc.posix_spawnattr_destroy(_attributes);
        foreach (var allocation in _allocations)
        {
            NativeMemory.Free((void*)allocation);
        }

        _allocations.Clear();
    }

    private struct PreparedCall
    {
        internal long Number;
        internal nint A;
        internal nint B;
        internal nint C;
    }

    private byte* Allocate(int size)
    {
        var memory = NativeMemory.AllocZeroed((nuint)size);
        _allocations.Add((nint)memory);
        return (byte*)memory;
    }

    private byte* Text(string text)
    {
        var length = Encoding.UTF8.GetByteCount(text);
        var memory = Allocate(length + 1);
        Encoding.UTF8.GetBytes(text, new Span<byte>(memory, length));
        return memory;
    }

    private byte** Texts(IReadOnlyList<string> texts)
    {
        var array = (byte**)Allocate((texts.Count + 1) * sizeof(byte*));
        for (var i = 0; i < texts.Count; i++)
        {
            array[i] = Text(texts[i]);
        }

        return array;
    }
}
