using System.Formats.Tar;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Tests.Runtimes;

public sealed class ImageTableTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("dp-t-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("nginx", "nginx")]
    [InlineData("nginx:1.25", "nginx")]
    [InlineData("docker.io/library/nginx@sha256:0123", "nginx")]
    [InlineData("registry.example:5000/team/app:v1", "app")]
    public void TheRegistryAndTheTagDoNotCount(string image, string name) => Assert.Equal(name, ImageTable.ShortName(image));

    [Theory]
    [InlineData("", "", "redis-server --protected-mode no")]
    [InlineData("sleep", "", "sleep")]
    [InlineData("", "--version", "--version")]
    [InlineData("sleep", "5", "sleep 5")]
    public void ACommandReplacesTheImages(string command, string arguments, string expected)
    {
        var image = new ImageTable(new Dictionary<string, string>(), _directory).Find("redis")!;
        Assert.Equal(expected, string.Join(' ', image.Arguments(Words(command), Words(arguments))));

        static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public void DirectoriesAndArchivesAreImagesAndOthersAreNot()
    {
        var content = Directory.CreateDirectory(Path.Combine(_directory, "content"));
        File.WriteAllText(Path.Combine(content.FullName, "file"), "text");
        var archive = Path.Combine(_directory, "image.tar");
        TarFile.CreateFromDirectory(content.FullName, archive, includeBaseDirectory: false);
        var table = new ImageTable(
            new Dictionary<string, string> { ["dir"] = content.FullName, ["tar"] = archive, ["gone"] = "/no/such" }, Path.Combine(_directory, "unpacked"));
        Assert.Equal(content.FullName, table.Find("dir:latest")!.Layers.Single());
        Assert.Equal("text", File.ReadAllText(Path.Combine(table.Find("tar")!.Layers.Single(), "file")));
        Assert.Equal(table.Find("tar")!.Layers, table.Find("tar:again")!.Layers);
        Assert.Contains("/no/such", Assert.Throws<ImageException>(() => table.Find("gone")).Message);
        Assert.Null(table.Find("unheard-of"));
    }
}
