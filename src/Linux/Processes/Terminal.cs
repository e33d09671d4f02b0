using System.Globalization;
using System.Runtime.InteropServices;
using Dataplane.Linux.Interop;
using Microsoft.Win32.SafeHandles;

namespace Dataplane.Linux.Processes;

/// <summary>The size of a terminal, in characters.</summary>
public readonly record struct TerminalSize(ushort Columns, ushort Rows);

/// <summary>
/// The master side of a pseudo-terminal of a container's own devpts, so that the program finds its terminal under /dev/pts. Closing
/// it hangs up: the program's session gets SIGHUP. Source: pty(7), ioctl_tty(2).
/// </summary>
public sealed class Terminal : IDisposable
{
    private Terminal(SafeFileHandle master, int number)
    {
        Master = master;
        Number = number;
    }

    /// <summary>Reads what the program writes, writes what it reads. EIO when no process has the terminal open.</summary>
    public SafeFileHandle Master { get; }

    /// <summary>N of /dev/pts/N in the container.</summary>
    public int Number { get; }

    internal string Path => string.Create(CultureInfo.InvariantCulture, $"/dev/pts/{Number}");

    /// <summary>One more descriptor of the master side, for somebody who will close it.</summary>
    public SafeFileHandle Duplicate() => new(
        LinuxException.Check(Libc.fcntl(Master, Libc.F_DUPFD_CLOEXEC, 0), "duplicate terminal"), ownsHandle: true);

    /// <summary>Tells the program the size; it gets SIGWINCH when it is another one than before.</summary>
    public void Resize(TerminalSize size)
    {
        var window = new Libc.window_size(size.Rows, size.Columns);
        LinuxException.Check(Libc.ioctl(Master, Libc.TIOCSWINSZ, in window), "set terminal size");
    }

    /// <inheritdoc/>
    public void Dispose() => Master.Dispose();

    /// <summary>A terminal that an earlier run made.</summary>
    /// <param name="master">Owned by the terminal.</param>
    public static Terminal Resume(SafeFileHandle master)
    {
        var number = 0;
        LinuxException.Check(Libc.ioctl(master, Libc.TIOCGPTN, ref number), "get terminal number");
        return new Terminal(master, number);
    }

    /// <summary>Makes a terminal in the devpts of the calling thread's root directory.</summary>
    /// <param name="owner">Whose it is: the program opens it as that user.</param>
    /// <exception cref="LinuxException">ENOENT without /dev/pts, ENOSPC when there are too many.</exception>
    internal static Terminal Open(int owner)
    {
        // Not /dev/ptmx, which an image may have as a device node of its own that leads to another devpts.
        const string multiplexer = "/dev/pts/ptmx";
        var master = Libc.open(multiplexer, Libc.O_RDWR | Libc.O_NOCTTY | Libc.O_CLOEXEC, 0);
        if (master.IsInvalid)
        {
            throw new LinuxException($"open {multiplexer}", Marshal.GetLastPInvokeError());
        }

        try
        {
            var (number, unlocked) = (0, 0);
            LinuxException.Check(Libc.ioctl(master, Libc.TIOCGPTN, ref number), "get terminal number");
            LinuxException.Check(Libc.ioctl(master, Libc.TIOCSPTLCK, ref unlocked), "unlock terminal");
            var terminal = new Terminal(master, number);
            LinuxException.Check(Libc.chown(terminal.Path, (uint)owner, uint.MaxValue), $"chown {terminal.Path}");
            return terminal;
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }
}
