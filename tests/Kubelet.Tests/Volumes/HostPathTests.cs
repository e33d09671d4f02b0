using System.Net.Sockets;
using Dataplane.Api;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Volumes;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Tests.Volumes;

public sealed class HostPathTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public HostPathTests()
    {
        Directory.CreateDirectory(At("directory"));
        File.WriteAllText(At("file"), "");
        _socket.Bind(new UnixDomainSocketEndPoint(At("socket")));
        File.CreateSymbolicLink(At("link"), "directory");
    }

    public void Dispose()
    {
        _socket.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>Type, path, and what it is said not to be; nothing when it is accepted.</summary>
    [Theory]
    [InlineData("", "file", "")]
    [InlineData("Directory", "directory", "")]
    [InlineData("Directory", "link", "")]
    [InlineData("Directory", "file", "directory")]
    [InlineData("Directory", "absent", "directory")]
    [InlineData("DirectoryOrCreate", "file", "directory")]
    [InlineData("File", "file", "")]
    [InlineData("File", "directory", "file")]
    [InlineData("File", "socket", "file")]
    [InlineData("File", "absent", "file")]
    [InlineData("FileOrCreate", "directory", "file")]
    [InlineData("Socket", "socket", "")]
    [InlineData("Socket", "file", "socket file")]
    [InlineData("CharDevice", "/dev/null", "")]
    [InlineData("CharDevice", "file", "character device")]
    [InlineData("BlockDevice", "/dev/null", "block device")]
    public void A_path_must_be_what_the_type_says(string type, string path, string not)
    {
        var source = new HostPathVolumeSource { Path = At(path), Type = type };
        if (not.Length == 0)
        {
            HostPaths.Check(source);
            return;
        }

        var problem = Assert.Throws<ConfigurationException>(() => HostPaths.Check(source));
        Assert.Equal($"hostPath type check failed: {source.Path} is not a {not}", problem.Message);
    }

    [Theory]
    [InlineData("", FileKind.Directory)]
    [InlineData("DirectoryOrCreate", FileKind.Directory)]
    [InlineData("FileOrCreate", FileKind.Regular)]
    public void What_may_be_missing_is_made(string type, FileKind kind)
    {
        HostPaths.Check(new HostPathVolumeSource { Path = At("made"), Type = type });
        Assert.Equal(kind, FileStatus.KindOf(At("made")));
    }

    [Fact]
    public void An_unknown_type_is_refused() =>
        Assert.Equal("Fifo is an invalid volume type", Assert.Throws<ConfigurationException>(
            () => HostPaths.Check(new HostPathVolumeSource { Path = At("file"), Type = "Fifo" })).Message);

    private string At(string path) => Path.Combine(_root, path);
}
