using Dataplane.ControlPlane.Machinery.Http;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>What an Accept header is read as.</summary>
public sealed class AcceptTests
{
    private const string Protobuf = "application/vnd.kubernetes.protobuf";

    [Theory]
    [InlineData("", "Json Object")]
    [InlineData("*/*", "Json Object")]
    [InlineData("application/json", "Json Object")]
    [InlineData("application/yaml", "Yaml Object")]
    [InlineData(Protobuf, "Protobuf Object")]
    [InlineData("text/html, application/json;q=0.5", "Json Object")]
    [InlineData("application/json;q=0.5, " + Protobuf, "Protobuf Object")]
    [InlineData("application/json;q=0, " + Protobuf, "Protobuf Object")]
    [InlineData("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "Json Table")]
    [InlineData("application/json;as=Table;v=v2;g=meta.k8s.io,application/json", "Json Object")]
    [InlineData(Protobuf + ";as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1;g=meta.k8s.io", "Json Table")]
    [InlineData(Protobuf + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "Protobuf PartialMetadata")]
    [InlineData("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "Json PartialMetadata")]
    [InlineData("text/html", null)]
    [InlineData("application/json;as=Something;g=meta.k8s.io;v=v1", null)]
    public void TheBestClauseCounts(string accept, string? form) => Assert.Equal(form, Text(AcceptHeader.Read(accept, custom: false)));

    [Theory]
    [InlineData(Protobuf, null)]
    [InlineData(Protobuf + ",application/json", "Json Object")]
    [InlineData(Protobuf + ";as=PartialObjectMetadata;g=meta.k8s.io;v=v1", "Protobuf PartialMetadata")]
    public void CustomResourcesHaveNoProtobuf(string accept, string? form) => Assert.Equal(form, Text(AcceptHeader.Read(accept, custom: true)));

    private static string? Text(ResponseForm? form) => form is { } known ? $"{known.Encoding} {known.Shape}" : null;
}
