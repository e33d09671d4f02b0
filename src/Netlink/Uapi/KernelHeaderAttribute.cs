namespace Dataplane.Netlink.Uapi;

/// <summary>The header under /usr/include that a class of constants was taken from; a test compares the two.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class KernelHeaderAttribute(string path) : Attribute
{
    internal string Path { get; } = path;
}
