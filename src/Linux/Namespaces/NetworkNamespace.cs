using System.Globalization;
using Dataplane.Linux.Interop;
using Dataplane.Linux.Mounts;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Namespaces;

/// <summary>
/// A network namespace held open by a file descriptor. Named ones are bind mounts under /run/netns, where
/// <c>ip netns</c> keeps them too, so that <c>ip netns exec NAME</c> works on every namespace made here.
/// </summary>
/// <remarks>
/// Sockets keep the namespace they were opened in: open them through <see cref="Invoke{T}"/> and use them anywhere.
/// Source: setns(2), network_namespaces(7).
/// </remarks>
public sealed class NetworkNamespace : IDisposable
{
    /// <summary>Where named namespaces are mounted.</summary>
    public const string Directory = "/run/netns";

    private readonly Lock _gate = new();
    private NamespaceThread? _thread;
    private bool _disposed;

    private NetworkNamespace(string name, SafeFileHandle handle, NamespaceThread? thread = null)
    {
        Name = name;
        Handle = handle;
        _thread = thread;
    }

    /// <summary>The name under /run/netns, or the path it was opened by.</summary>
    public string Name { get; }

    /// <summary>The open nsfs file; pass it as IFLA_NET_NS_FD. Owned by this object.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Makes a namespace with loopback down and mounts it under /run/netns.</summary>
    /// <exception cref="LinuxException">EPERM without CAP_SYS_ADMIN, EEXIST when the name is taken.</exception>
    public static NetworkNamespace Create(string name)
    {
        NamespaceMounts.EnsureDirectory(Directory);
        var path = Path.Combine(Directory, name);
        NamespaceMounts.CreateMountPoint(path);
        NamespaceThread? thread = null;
        try
        {
            thread = new NamespaceThread($"netns {name}", () =>
                LinuxException.Check(Libc.unshare(Libc.CLONE_NEWNET), $"unshare network namespace {name}"));
            thread.Invoke(() => LinuxException.Check(
                Libc.mount("/proc/thread-self/ns/net", path, "none", Libc.MS_BIND, null), $"mount {path}"));

            // The thread stays for Invoke: whoever makes a namespace goes on to set it up.
            return new NetworkNamespace(name, NamespaceMounts.OpenNamespaceFile(path), thread);
        }
        catch
        {
            thread?.Dispose();
            NamespaceMounts.Remove(path);
            throw;
        }
    }

    /// <summary>Opens a namespace by its name under /run/netns, or by an absolute path such as /proc/1/ns/net.</summary>
    /// <exception cref="LinuxException">ENOENT when there is none.</exception>
    public static NetworkNamespace Open(string nameOrPath)
    {
        var path = Path.Combine(Directory, nameOrPath);
        return new NetworkNamespace(nameOrPath, NamespaceMounts.OpenNamespaceFile(path));
    }

    /// <summary>The namespace this process was started in.</summary>
    public static NetworkNamespace OfThisProcess() => Open("/proc/self/ns/net");

    /// <summary>Whether a process is in this namespace.</summary>
    /// <exception cref="LinuxException">It has ended.</exception>
    public bool Has(int process) => FileStatus.InodeOf(PathBeneath.PathOf(Handle)) == FileStatus.InodeOf($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/ns/net");

    /// <summary>Unmounts and removes a name. The namespace itself goes when its last process, socket and handle have gone.</summary>
    public static void Delete(string name) => NamespaceMounts.Remove(Path.Combine(Directory, name));

    /// <summary>Names under /run/netns that start with a prefix.</summary>
    public static IReadOnlyList<string> Names(string prefix) =>
        System.IO.Directory.Exists(Directory)
            ? [.. System.IO.Directory.EnumerateFiles(Directory, prefix + "*").Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)]
            : [];

    /// <summary>
    /// Runs a body on this namespace's own thread and waits for it. The body must not await and should be short: calls are
    /// served one after the other. Long-running loops take a thread of their own and call <see cref="Enter"/>.
    /// </summary>
    public T Invoke<T>(Func<T> body) => Worker().Invoke(body);

    /// <inheritdoc cref="Invoke{T}"/>
    public void Invoke(Action body) => Worker().Invoke(() =>
    {
        body();
        return true;
    });

    /// <summary>Ends the thread of <see cref="Invoke{T}"/>, which the next call starts anew: for a namespace that is set up and will not need it soon.</summary>
    public void EndThread()
    {
        NamespaceThread? thread;
        lock (_gate)
        {
            thread = _thread;
            _thread = null;
        }

        thread?.Dispose();
    }

    /// <summary>Moves the calling thread into this namespace for good. Only for a dedicated thread, never one of the pool.</summary>
    public void Enter()
    {
        if (Thread.CurrentThread.IsThreadPoolThread)
        {
            throw new InvalidOperationException("a pool thread must not change its network namespace");
        }

        LinuxException.Check(Libc.setns(Handle, Libc.CLONE_NEWNET), $"setns {Name}");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
        }

        EndThread();
        Handle.Dispose();
    }

    private NamespaceThread Worker()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _thread ??= new NamespaceThread($"netns {Name}", Enter);
        }
    }
}
