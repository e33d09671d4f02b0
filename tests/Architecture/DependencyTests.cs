using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Dataplane.Architecture;

public sealed partial class DependencyTests
{
    /// <summary>Cli -> components -> Api, Netlink, Hosting -> Linux; the four components never see each other.</summary>
    [Theory]
    [InlineData("Linux", "")]
    [InlineData("Netlink", "Linux")]
    [InlineData("Api", "")]
    [InlineData("Hosting", "Linux")]
    [InlineData("ControlPlane", "Api Hosting Linux")]
    [InlineData("Proxy", "Api Netlink Hosting Linux")]
    [InlineData("Dns", "Api Linux Hosting")]
    [InlineData("Kubelet", "Api Netlink Hosting Linux")]
    [InlineData("Cli", "ControlPlane Proxy Dns Kubelet Api Netlink Hosting Linux")]
    public void ProjectsDependOneWay(string project, string allowed)
    {
        var file = XDocument.Load(Path.Combine(RepositoryFiles.Root, "src", project, $"Dataplane.{project}.csproj"));
        var referenced = file.Descendants("ProjectReference").Select(reference => ReferencedProject().Match((string)reference.Attribute("Include")!).Groups[1].Value);
        Assert.Empty(referenced.Except(allowed.Split(' ')));
    }

    [Fact]
    public void EveryProjectIsInTheSolution()
    {
        var solution = RepositoryFiles.Read("Dataplane.sln").Replace('\\', '/');
        var projects = Directory.EnumerateFiles(RepositoryFiles.Root, "*.csproj", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(RepositoryFiles.Root, path));
        Assert.All(projects, project => Assert.Contains(project, solution, StringComparison.Ordinal));
    }

    [Fact]
    public void EveryPackageIsExplained()
    {
        var explained = RepositoryFiles.Read("docs/decisions/0001-dependencies.md");
        var packages = XDocument.Parse(RepositoryFiles.Read("Directory.Packages.props")).Descendants("PackageVersion")
            .Select(version => (string)version.Attribute("Include")!);
        Assert.All(packages, package => Assert.Contains(package, explained, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"/Dataplane\.(\w+)\.csproj$")]
    private static partial Regex ReferencedProject();
}
