"""The judge: a second dual encoder that shares no architecture, icons, drawing or seed with the guide, to be asked about its pictures."""
