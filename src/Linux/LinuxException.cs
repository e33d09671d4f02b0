using System.Runtime.InteropServices;

namespace Dataplane.Linux;

/// <summary>A system call that failed: the operation and its object in words, and the errno.</summary>
public sealed class LinuxException : IOException
{
    /// <param name="operation">What was tried, with its object: <c>mount /run/netns/dp-node-1</c>.</param>
    /// <param name="errno">Positive errno (asm-generic/errno.h).</param>
    public LinuxException(string operation, int errno)
        : base($"{operation}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})")
    {
        Operation = operation;
        Errno = errno;
    }

    /// <summary>What was tried.</summary>
    public string Operation { get; }

    /// <summary>Positive errno (asm-generic/errno.h).</summary>
    public int Errno { get; }

    /// <summary>Throws when a call returned -1; otherwise hands the result on.</summary>
    /// <exception cref="LinuxException">The result was negative.</exception>
    internal static int Check(int result, string operation) =>
        result >= 0 ? result : throw new LinuxException(operation, Marshal.GetLastPInvokeError());
}
