using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Dataplane.TestKit;

/// <summary>An image made of Debian's busybox-static, as the archive that <c>docker save</c> writes: every runtime takes that.</summary>
public static class TestImages
{
    /// <summary>What <see cref="Engines"/> have, by this name.</summary>
    public const string Name = "dp.test/busybox:1";

    private static readonly string[] Commands =
    [
        "sh", "sleep", "echo", "cat", "id", "kill", "ps", "ls", "touch", "mkdir", "rm", "hostname", "stty", "tty", "head", "tr", "env", "pwd", "true", "grep", "wc", "mount",
        "tail", "dd", "mknod", "chroot", "stat", "tar", "test", "httpd", "sha256sum",
    ];

    /// <summary>Writes the archive.</summary>
    /// <param name="path">Where it goes.</param>
    /// <param name="name">Its repository and tag.</param>
    /// <param name="command">CMD.</param>
    public static void Write(string path, string name, params string[] command)
    {
        var layer = Layer();
        var config = new JsonObject
        {
            ["architecture"] = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "amd64",
            ["os"] = "linux",
            ["config"] = new JsonObject
            {
                ["Env"] = new JsonArray("PATH=/bin", "FROM_IMAGE=yes"),
                ["Cmd"] = new JsonArray([.. command.Select(word => (JsonNode)word)]),
                ["WorkingDir"] = "/work",
            },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray("sha256:" + Convert.ToHexStringLower(SHA256.HashData(layer))) },
        }.ToJsonString();
        var configName = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(config))) + ".json";
        var manifest = new JsonArray(new JsonObject
        {
            ["Config"] = configName,
            ["RepoTags"] = new JsonArray(name),
            ["Layers"] = new JsonArray("layer.tar"),
        }).ToJsonString();
        using var archive = new TarWriter(File.Create(path));
        Add(archive, configName, Encoding.UTF8.GetBytes(config));
        Add(archive, "layer.tar", layer);
        Add(archive, "manifest.json", Encoding.UTF8.GetBytes(manifest));
    }

    private static byte[] Layer()
    {
        var content = new MemoryStream();
        using (var layer = new TarWriter(content, leaveOpen: true))
        {
            foreach (var directory in new[] { "bin", "etc", "tmp", "work" })
            {
                layer.WriteEntry(new PaxTarEntry(TarEntryType.Directory, directory + "/") { Mode = (UnixFileMode)(directory == "tmp" ? 0x3FF : 0x1ED) });
            }

            Add(layer, "bin/busybox", File.ReadAllBytes(Tools.Require("busybox")), 0x1ED);
            Add(layer, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/var/www:/bin/sh\n"u8.ToArray());
            Add(layer, "etc/group", "root:x:0:\nweb:x:33:\nlogs:x:44:web\n"u8.ToArray());
            foreach (var command in Commands)
            {
                layer.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "bin/" + command) { LinkName = "busybox" });
            }
        }

        return content.ToArray();
    }

    private static void Add(TarWriter archive, string name, byte[] content, int mode = 0x1A4) => archive.WriteEntry(
        new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content), Mode = (UnixFileMode)mode });
}
