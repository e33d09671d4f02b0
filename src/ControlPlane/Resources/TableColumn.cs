namespace Dataplane.ControlPlane.Resources;

/// <summary>A column of kubectl's output, made by the server.</summary>
/// <param name="Name">Heading; kubectl prints it in capitals.</param>
/// <param name="Type">OpenAPI type of the cells: string, integer.</param>
/// <param name="Priority">0 is always shown, 1 only with -o wide.</param>
/// <param name="Format">"name" marks the column that names the object.</param>
/// <param name="Description">One sentence for who reads the table by hand.</param>
internal sealed record TableColumn(string Name, string Type = "string", int Priority = 0, string Format = "", string Description = "")
{
    public static readonly TableColumn ObjectName = new("Name", Format: "name", Description: "Name of the object, unique in its namespace.");

    public static readonly TableColumn Age = new("Age", Description: "Time since the object was created.");

    public static TableColumn Wide(string name) => new(name, Priority: 1);

    public static TableColumn Number(string name) => new(name, "integer");
}
