using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>
/// pipe2(2): a standard stream of a program in a container. A pipe and not a socket pair, because programs open /dev/stdout again by its path,
/// which a socket refuses with ENXIO.
/// </summary>
public sealed class Pipe : IDisposable
{
    private Pipe(SafeFileHandle reader, SafeFileHandle writer)
    {
        Reader = reader;
        Writer = writer;
    }

    /// <summary>Read end.</summary>
    public SafeFileHandle Reader { get; private set; }

    /// <summary>Write end.</summary>
    public SafeFileHandle Writer { get; private set; }

    /// <summary>Makes a pipe, both ends blocking and close-on-exec.</summary>
    public static unsafe Pipe Create()
    {
        var ends = stackalloc int[2];
        LinuxException.Check(Libc.pipe2(ends, Libc.O_CLOEXEC), "pipe2");
        return new Pipe(new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>Hands the read end to somebody who will close it.</summary>
    public SafeFileHandle TakeReader()
    {
        var reader = Reader;
        Reader = new SafeFileHandle();
        return reader;
    }

    /// <summary>Hands the write end to somebody who will close it.</summary>
    public SafeFileHandle TakeWriter()
    {
        var writer = Writer;
        Writer = new SafeFileHandle();
        return writer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reader.Dispose();
        Writer.Dispose();
    }
}
