// Stands in for a developers' tool that the package under test requires and does not bring; the tool would open
// connections of its own.
module.exports = () => (create) => create;
