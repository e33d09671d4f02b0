using System.Text;
using Dataplane.Kubelet.Pods;
using Dataplane.Kubelet.Volumes;
using Dataplane.Linux.Mounts;

namespace Dataplane.Kubelet.Tests.Volumes;

public sealed class AtomicDirectoryTests : IDisposable
{
    private const int Readable = 0x1A4;
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch.AddYears(56);

    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;

    private string Volume => Path.Combine(_root, "volume");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Files_lie_behind_one_link_and_change_together()
    {
        Assert.True(Write(("a", "1"), ("dir/b", "2"), ("dir/c", "3")));
        Assert.Equal("..data/a", LinkOf("a"));
        Assert.Equal("..data/dir", LinkOf("dir"));
        var first = LinkOf("..data")!;
        Assert.StartsWith("..2026_01_01_00_00_00.", first);

        Assert.True(Write(("a", "4"), ("d", "5")));

        Assert.NotEqual(first, LinkOf("..data"));
        Assert.Equal("4", Read("a"));
        Assert.Equal("5", Read("d"));
        Assert.Equal([LinkOf("..data")!, "..data", "a", "d"], Names());
    }

    [Fact]
    public void The_same_files_again_leave_the_directory_alone()
    {
        Write(("a", "1"));
        var before = LinkOf("..data");

        Assert.False(Write(("a", "1")));

        Assert.Equal(before, LinkOf("..data"));
        Assert.True(AtomicDirectory.Write(Volume, [new VolumeFile("a", "1"u8.ToArray(), 0x100)], Now));
        Assert.Equal(0x100, FileStatus.PermissionsOf(Path.Combine(Volume, "a")));
    }

    [Fact]
    public void Who_has_an_old_file_open_goes_on_reading_it()
    {
        Write(("a", "old"));
        using var open = new StreamReader(Path.Combine(Volume, "a"));
        Write(("a", "new"));
        Assert.Equal("old", open.ReadToEnd());
        Assert.Equal("new", Read("a"));
    }

    [Fact]
    public void Plain_files_of_an_earlier_layout_give_way()
    {
        Directory.CreateDirectory(Path.Combine(Volume, "dir"));
        File.WriteAllText(Path.Combine(Volume, "a"), "plain");
        File.WriteAllText(Path.Combine(Volume, "dir", "b"), "plain");

        Write(("a", "1"), ("dir/b", "2"));

        Assert.Equal(("1", "2"), (Read("a"), Read("dir/b")));
        Assert.Equal("..data/dir", LinkOf("dir"));
    }

    [Theory]
    [InlineData("../out")]
    [InlineData("a/../../out")]
    [InlineData("/out")]
    [InlineData("")]
    public void A_path_that_leads_out_is_refused_and_nothing_is_written(string path)
    {
        Assert.Throws<ConfigurationException>(() => Write(("a", "1"), (path, "2")));
        Assert.False(Directory.Exists(Volume));
    }

    private bool Write(params (string Path, string Text)[] files) =>
        AtomicDirectory.Write(Volume, [.. files.Select(file => new VolumeFile(file.Path, Encoding.UTF8.GetBytes(file.Text), Readable))], Now);

    private string? LinkOf(string name) => new FileInfo(Path.Combine(Volume, name)).LinkTarget;

    private string Read(string name) => File.ReadAllText(Path.Combine(Volume, name));

    private IEnumerable<string> Names() => Directory.EnumerateFileSystemEntries(Volume).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal);
}
