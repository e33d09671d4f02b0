using Dataplane.Api;
using Dataplane.Kubelet.Volumes;
using Dataplane.Linux.Mounts;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Volumes;

/// <summary>fsGroup, as pkg/volume/volume_linux.go has it.</summary>
public sealed class VolumeOwnershipTests : IDisposable
{
    private const long Group = 2000;
    private readonly string _root = Directory.CreateTempSubdirectory("dp-t-").FullName;

    public VolumeOwnershipTests()
    {
        Tools.RequireRoot();
        Directory.CreateDirectory(At("dir"));
        File.WriteAllText(At("dir/file"), "");
        File.WriteAllText(At("tool"), "");
        File.WriteAllText(At("outside"), "");
        Directory.CreateDirectory(At("dir/closed"));
        Linux.Mounts.FileMode.Set(At("dir"), 0x1ED);
        Linux.Mounts.FileMode.Set(At("dir/file"), 0x180);
        Linux.Mounts.FileMode.Set(At("dir/closed"), 0x1C0);
        Linux.Mounts.FileMode.Set(At("outside"), 0x180);
        File.CreateSymbolicLink(At("dir/link"), At("outside"));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(false, "2775", "660", "2770")]
    [InlineData(true, "2755", "640", "2750")]
    public void WhatIsInAVolumeBelongsToTheGroup(bool isReadOnly, string top, string file, string directory)
    {
        VolumeOwnership.Set(At("dir"), Group, isReadOnly);
        Assert.Equal([(Group, top), (Group, file), (Group, directory)], new[] { "dir", "dir/file", "dir/closed" }.Select(Seen));

        // Links are not followed.
        Assert.Equal((0L, "600"), Seen("outside"));
    }

    [Theory]
    [InlineData("OnRootMismatch", "600")]
    [InlineData("Always", "660")]
    [InlineData(null, "660")]
    public void AVolumeWhoseTopIsRightMayBeLeftAlone(string? policy, string file)
    {
        var security = new PodSecurityContext { FSGroup = Group, FSGroupChangePolicy = policy };
        VolumeOwnership.Set(At("dir"), security);
        Assert.Equal((Group, "660"), Seen("dir/file"));
        Linux.Mounts.FileMode.Set(At("dir/file"), 0x180);
        VolumeOwnership.Set(At("dir"), security);
        Assert.Equal((Group, file), Seen("dir/file"));

        // Another group is a mismatch.
        VolumeOwnership.Set(At("dir"), security with { FSGroup = Group + 1 });
        Assert.Equal((Group + 1, "660"), Seen("dir/file"));
    }

    [Theory]
    [InlineData(null, new[] { 5L, 5L }, 5L)]
    [InlineData(null, new[] { 5L, 6L }, null)]
    [InlineData(5L, new[] { 0L }, 5L)]
    [InlineData(5L, new[] { 5L, 0L }, 5L)]
    [InlineData(null, new[] { 5L, 0L }, null)]
    public void ATokenIsForTheUserOfAllContainers(long? pod, long[] containers, long? expected)
    {
        var spec = new PodSpec { SecurityContext = new PodSecurityContext { RunAsUser = pod } };
        spec.Containers.AddRange(containers.Select(user => new Container { SecurityContext = new SecurityContext { RunAsUser = user == 0 ? null : user } }));
        Assert.Equal(expected, VolumeOwnership.UserOf(spec));
    }

    private (long Group, string Mode) Seen(string name) => (FileStatus.GroupOf(At(name)), Convert.ToString(FileStatus.PermissionsOf(At(name)), 8));

    private string At(string name) => Path.Combine(_root, name);
}
