using System.Runtime.InteropServices;

namespace Dataplane.Netlink;

/// <summary>The kernel refused a netlink request, or its answer did not come.</summary>
/// <remarks>The message reads <c>add chain ip dp lb-2: No such file or directory (errno 2): kernel text (attribute 3/1)</c>.</remarks>
public sealed class NetlinkException : IOException
{
    /// <param name="operation">What was tried, with its object: <c>set master of link 7</c>.</param>
    /// <param name="errno">Positive errno (asm-generic/errno.h).</param>
    /// <param name="kernelText">The extended ack's words (NLMSGERR_ATTR_MSG), if it had any.</param>
    /// <param name="offendingAttribute">The attribute the kernel pointed at (NLMSGERR_ATTR_OFFS, _MISS_TYPE), if it did.</param>
    public NetlinkException(string operation, int errno, string? kernelText = null, string? offendingAttribute = null)
        : base(Describe(operation, errno, kernelText, offendingAttribute))
    {
        Operation = operation;
        Errno = errno;
        KernelText = kernelText;
        OffendingAttribute = offendingAttribute;
    }

    /// <summary>What was tried.</summary>
    public string Operation { get; }

    /// <summary>Positive errno (asm-generic/errno.h).</summary>
    public int Errno { get; }

    /// <summary>The kernel's own words, where it has any.</summary>
    public string? KernelText { get; }

    /// <summary>Attribute types from the outermost in, such as <c>attribute 18/2</c>; the header is the operation's.</summary>
    public string? OffendingAttribute { get; }

    private static string Describe(string operation, int errno, string? kernelText, string? offendingAttribute)
    {
        var text = $"{operation}: {Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";
        text = kernelText is null ? text : $"{text}: {kernelText}";
        return offendingAttribute is null ? text : $"{text} ({offendingAttribute})";
    }
}
