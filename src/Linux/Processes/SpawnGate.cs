using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>
/// Holds a spawned child between vfork and execve, so that something can be done for a process that exists but has not
/// begun. Made of what posix_spawn's file actions can do: opening a FIFO waits for the other side.
/// </summary>
/// <remarks>
/// <code>
/// child (file actions)                    companion thread
/// open gate for writing     &lt;-meet-&gt;      WaitForChild: open gate for reading
/// open gate for reading      waits        mounts /proc, pivots the root
///                           &lt;-meet-&gt;      Release: open gate for both
/// open "proceed"                          (removed before Release when it failed: the spawn fails with ENOENT)
/// </code>
/// Every path is relative to a directory that the child enters first, so that it stays valid when the root changes.
/// </remarks>
internal sealed class SpawnGate : IDisposable
{
    private const string Gate = "gate";
    private const string Proceed = "proceed";
    // The child may have become another user; nobody else comes past the directories above.
    private const uint Searchable = 0x1C9;
    private const uint ForAll = 0x1B6;

    private readonly string _path;
    private readonly SafeFileHandle _directory;
    private SafeFileHandle? _opened;
    private volatile bool _abandoned;

    /// <param name="path">A directory of this gate alone; made, and removed by <see cref="Dispose"/>.</param>
    internal SpawnGate(string path)
    {
        _path = path;
        Directory.CreateDirectory(path);
        var fifo = Path.Combine(path, Gate);
        File.Delete(fifo);
        LinuxException.Check(Libc.mkfifo(fifo, ForAll), $"mkfifo {fifo}");
        File.WriteAllBytes(Path.Combine(path, Proceed), []);
        LinuxException.Check(Libc.chmod(path, Searchable), $"chmod {path}");
        LinuxException.Check(Libc.chmod(fifo, ForAll), $"chmod {fifo}");
        LinuxException.Check(Libc.chmod(Path.Combine(path, Proceed), ForAll), $"chmod {path}/{Proceed}");
        _directory = Libc.open(path, Libc.O_PATH | Libc.O_CLOEXEC, 0);
        if (_directory.IsInvalid)
        {
            throw new LinuxException($"open {path}", Marshal.GetLastPInvokeError());
        }
    }

    internal void AddTo(SpawnRequest request)
    {
        // Any free number: the child's standard streams come later, and everything from 3 on is closed at the end.
        const int descriptor = 3;
        request.ChangeDirectory(_directory);
        request.Open(descriptor, Gate, Libc.O_WRONLY);
        request.Close(descriptor);
        request.Open(descriptor, Gate, Libc.O_RDONLY);
        request.Close(descriptor);
        request.Open(descriptor, Proceed, Libc.O_RDONLY);
        request.Close(descriptor);
    }

    /// <summary>True once the child waits; false when the spawn failed before.</summary>
    internal bool WaitForChild()
    {
        using var met = Open(Libc.O_RDONLY);
        return !_abandoned;
    }

    /// <summary>Lets the child go on, to its program or, when <paramref name="success"/> is false, to its end.</summary>
    internal void Release(bool success)
    {
        if (!success)
        {
            LinuxException.Check(Libc.unlinkat(_directory, Proceed, 0), "refuse a spawn");
        }

        // For both, because that never waits, and the child may have died meanwhile. Kept, because it may not be there yet.
        _opened = Open(Libc.O_RDWR);
    }

    /// <summary>After a spawn that failed: wakes a companion that still waits for the child.</summary>
    internal void Abandon()
    {
        _abandoned = true;
        _opened = Open(Libc.O_RDWR);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _opened?.Dispose();
        _directory.Dispose();
        Directory.Delete(_path, recursive: true);
    }

    private SafeFileHandle Open(int mode)
    {
        var handle = Libc.openat(_directory, Gate, mode | Libc.O_CLOEXEC, 0);
        return handle.IsInvalid ? throw new LinuxException($"open {_path}/{Gate}", Marshal.GetLastPInvokeError()) : handle;
    }
}
